"""What the checks of the house share: finding files, reading C, speaking TAP.

Each check is a list of rules; a rule is one line of TAP, and what broke it follows as comments.
Every check takes --root DIR (default: the tree the tool lies in), so that the tests of the
checks can show them a bad tree.
"""
import argparse
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

SKIPPED = {'.git', 'node_modules', '__pycache__', 'demo'}


class Check:
    """Rules in the order of their naming, each with the places that break it."""

    def __init__(self, what):
        parser = argparse.ArgumentParser(description=what)
        here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
        parser.add_argument('--root', default=here, help='the tree to look at')
        parser.add_argument('--build', default='', help='the build directory, where one is needed')
        self.args = parser.parse_args()
        self.root = os.path.realpath(self.args.root)
        self.rules = {}
        self.skipped = {}

    def rule(self, name):
        self.rules.setdefault(name, [])

    def skip(self, name, why):
        self.skipped[name] = why
        self.rules.setdefault(name, [])

    def broken(self, name, where, line, text):
        place = f'{where}:{line}' if line else where
        self.rules.setdefault(name, []).append(f'{place}: {text}')

    def finish(self):
        print('TAP version 13')
        print(f'1..{len(self.rules)}')
        for number, (name, places) in enumerate(self.rules.items(), 1):
            if places:
                print(f'not ok {number} - {name}')
            elif name in self.skipped:
                print(f'ok {number} - {name} # SKIP {self.skipped[name]}')
            else:
                print(f'ok {number} - {name}')
            for place in places:
                print(f'# {place}')
        sys.exit(1 if any(self.rules.values()) else 0)


def files_below(root, folder, endings):
    """Paths relative to root, sorted; build directories are not part of the tree."""
    found = []
    for where, folders, names in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith('build'))
        found += [os.path.relpath(os.path.join(where, name), root)
                  for name in names if name.endswith(endings)]
    return sorted(found)


def tracked(root):
    """Every file that is or would be tracked; without git, every file."""
    if os.path.exists(os.path.join(root, '.git')):
        done = subprocess.run(['git', '-C', root, '-c', f'safe.directory={root}', 'ls-files', '-z',
                               '-co', '--exclude-standard'], stdout=subprocess.PIPE, check=True)
        names = [os.fsdecode(name) for name in done.stdout.split(b'\0') if name]
        return sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))
    return files_below(root, '.', '')


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


TOKEN = re.compile(r'''/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''', re.S)


def blank(text, keep_strings=False):
    """The code with comments (and the insides of strings) blanked out; lines stay where they are."""
    def swap(match):
        token = match.group(0)
        if token[0] == '/':
            return re.sub(r'[^\n]', ' ', token)
        if keep_strings:
            return token
        return token[0] + ' ' * (len(token) - 2) + token[-1]
    return TOKEN.sub(swap, text)


def comments(text):
    """(line, comment) of each comment, strings left out."""
    for match in TOKEN.finditer(text):
        if match.group(0)[0] == '/':
            yield text.count('\n', 0, match.start()) + 1, match.group(0)


class Function:
    """One function definition, found by the layout that clang-format keeps: its braces stand
    alone in column 0."""

    def __init__(self, first, open_line, close_line, head, body):
        self.first = first          # line of the signature, from 1
        self.open_line = open_line
        self.close_line = close_line
        self.head = head
        self.body = body
        name = re.search(r'(\w+)\s*\(', re.sub(r'__attribute__\s*\(\(.*?\)\)', '', head))
        self.name = name.group(1) if name else '?'

    def lines(self):
        return self.close_line - self.first + 1

    def parameters(self):
        inside = self.head[self.head.find(self.name) + len(self.name):].strip()[1:]
        depth = 0
        count = 1
        for char in inside:
            if char in '([':
                depth += 1
            elif char in ')]':
                if depth == 0:
                    break
                depth -= 1
            elif char == ',' and depth == 0:
                count += 1
        first = inside.split(')')[0].strip()
        return 0 if first in ('void', '') else count


def functions(code):
    """Every function definition in blanked code."""
    lines = code.split('\n')
    start = None
    for number, line in enumerate(lines):
        if line == '{':
            start = number
        elif line == '}' and start is not None:
            first = start
            while first > 0 and lines[first - 1].strip() and not lines[first - 1].startswith(
                    ('}', '#')) and not lines[first - 1].rstrip().endswith(';'):
                first -= 1
            yield Function(first + 1, start + 1, number + 1, ' '.join(lines[first:start]),
                           lines[start + 1:number])
            start = None


def modules(root):
    """src/MODULES: {name: (band, pure headers or None, allowed set)}, in order."""
    known = {}
    band, pure = None, None
    for number, raw in enumerate(read(root, 'src/MODULES').split('\n'), 1):
        line = raw.split('#')[0].strip()
        if not line:
            continue
        if line.startswith('band '):
            words = line.split()
            band = words[1]
            pure = set(words[3:]) if words[2:3] == ['pure'] else None
            continue
        name, _, allowed = line.partition(':')
        name = name.strip()
        for other in allowed.split():
            if other not in known:
                raise SystemExit(f'src/MODULES:{number}: {name} names {other}, not listed above it')
        known[name] = (band, pure, set(allowed.split()))
    return known
