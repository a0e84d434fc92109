"""What is left when the machine failed, and what must hold of it."""
import base64
import contextlib
import glob
import hashlib
import io
import json
import os
import re
import sys

from bench import SOURCE, Fault, must

PYTHON_VERIFIER = os.path.join(SOURCE, 'tests', 'oracle', 'verify.py')
with open(PYTHON_VERIFIER, 'rb') as verifier:
    VERIFIER = compile(verifier.read(), PYTHON_VERIFIER, 'exec')


def read(*path):
    with open(os.path.join(*path), 'rb') as source:
        return source.read()


def files(root):
    """Every file below root, by its path there."""
    return sorted(os.path.relpath(os.path.join(folder, name), root)
                  for folder, _, names in os.walk(root) for name in names)


def contents(root):
    return {path: read(root, path) for path in files(root)}


def checkpoint_of(raw):
    """Size and root, or None of one that is not there or torn."""
    lines = (raw or b'').split(b'\n')
    try:
        return int(lines[1]), base64.b64decode(lines[2])
    except (IndexError, ValueError):
        return None


def verified(public):
    """The names of the Python verifier (see its source) after it held, run in this process."""
    names, said, before = {'__name__': 'verify'}, io.StringIO(), (sys.argv, sys.excepthook)
    sys.argv = [PYTHON_VERIFIER, public]
    try:
        with contextlib.redirect_stdout(said):
            exec(VERIFIER, names)
    except SystemExit as end:
        if end.code:
            raise Fault('the Python verifier: ' + said.getvalue().strip()[-300:]) from None
    except Exception as wrong:
        raise Fault(f'the Python verifier: {wrong!r}') from None
    finally:
        sys.argv, sys.excepthook = before
    return names


class Log:
    """The log of a public tree, by the Python verifier."""

    def __init__(self, public):
        names = verified(public)
        self.size, self.parsed, self.tree = names['size'], names['parsed'], names['tree']
        self.leaves = [hashlib.sha256(b'\0' + entry).digest() for entry in names['entries']]
        self.notes = len(names['notes'])
        self.gone, self.opened = names['gone'], {int(ref) for ref in names['opened']}

    def kind(self, index):
        return self.parsed[index][0] if index < self.size else None

    def count(self, kind):
        return sum(entry[0] == kind for entry in self.parsed)

    def sealed(self):
        """Indices of what is sealed and was neither opened nor withdrawn."""
        return [i for i, entry in enumerate(self.parsed)
                if entry[0] == 'sealed' and i not in self.opened | self.gone]

    def dispatches(self):
        """Indices of dispatches that everybody may see."""
        return [i for i, entry in enumerate(self.parsed)
                if i not in self.gone and (entry[0] == 'dispatch' or i in self.opened)]

    def public(self):
        """Hashes of documents that belong into public/."""
        return {entry[2] for i, entry in enumerate(self.parsed) if entry[0] != 'identity' and
                i not in self.gone and (entry[0] != 'sealed' or i in self.opened)}

    def continues(self, checkpoint, what):
        if checkpoint and (checkpoint[0] > self.size or
                           self.tree(self.leaves[:checkpoint[0]]) != checkpoint[1]):
            raise Fault(f'the log does not go on from {what}, of {checkpoint[0]} entries')


class After:
    """One point: the folder `where` after the failure, and what the run had answered."""

    def __init__(self, bench, verb, where, answer):
        self.bench, self.verb, self.where, self.answer = bench, verb, where, answer
        self.later = verb.later
        self.final = None  # the log in the end
        self.wanted = []  # words that pages must show in the end: (index, words)
        self.home = os.path.join(where, verb.home)
        self.public = os.path.join(self.home, 'public')
        self.raw = contents(self.public)  # what a reader could have fetched before recovery

    # ---- commands ----

    def run(self, words, now=None, home=True):
        start = ['-C', self.verb.home] if home else []
        return self.bench.run(self.where, start + ['--json', *words], now or self.later)

    def do(self, words, now=None, home=True):
        return must(self.run(words, now, home), ' '.join(words[:3]))

    def recovers(self):
        """The next command puts everything right."""
        self.do(['status'])
        self.verifies('after recovery')
        return self.log()

    def verifies(self, when):
        must(self.run(['verify', self.verb.home], home=False), 'verify ' + when)

    def log(self):
        return Log(self.public)

    # ---- what is public ----

    def has(self, needle, tree=None):
        """Paths in public/ (or in the tree given) whose name or content holds needle."""
        tree = contents(self.public) if tree is None else tree
        needle = needle.encode()
        return [path for path, content in tree.items()
                if needle in content or needle in path.encode()]

    def hides(self, needles, tree=None):
        for needle in needles:
            found = self.has(needle, tree)
            if found:
                raise Fault(f'{needle} is public too early: {found[:3]}')

    def secrets(self):
        """What would give away the documents that wait: their ids, salts, files."""
        found = set()
        for folder in ('sealed', 'waiting'):
            for path, raw in contents(os.path.join(self.home, 'private', folder)).items():
                if path.endswith('.json') or path.endswith('/document'):
                    with contextlib.suppress(ValueError):
                        document = json.loads(raw)
                        found |= {document['salt'], document['dispatch']}
                        found |= {blob['sha256'] for blob in document.get('blobs', [])}
        return found

    def wants(self, index, words):
        """After one more check-in, which makes pages anew, that of the entry has the words."""
        self.wanted.append((index, words))

    def page(self, index):
        path = os.path.join(self.public, 'w', f'{index:03d}', 'index.html')
        if not os.path.exists(path):
            raise Fault(f'entry {index} has no page')
        if b'</html>' not in read(path):
            raise Fault(f'the page of entry {index} is cut')
        return read(path)

    def accounts(self, log):
        """Every document and file in public/ is one that the log makes public, and whole."""
        public, named = log.public(), set()
        for path in glob.glob(os.path.join(self.public, 'd', '*', '*')):
            digest = os.path.basename(path)[:-len('.json')]
            if digest not in public:
                raise Fault(f'a document is public and should not be: {digest}')
            named |= {blob['sha256'] for blob in json.loads(read(path)).get('blobs', [])}
        for path in glob.glob(os.path.join(self.public, 'b', '*', '*')):
            digest = os.path.basename(path).split('.')[0]
            if digest not in named or hashlib.sha256(read(path)).hexdigest() != digest:
                raise Fault(f'a file is public and should not be, or is cut: {digest}')

    def keeps(self, log):
        """Nothing that a reader saw, or that was answered, is another now."""
        log.continues(self.verb.before, 'what was before')
        log.continues(checkpoint_of(self.raw.get('checkpoint')), 'what was public')
        answered = (self.answer or {}).get('checkpoint')
        if answered:
            log.continues((answered['size'], base64.b64decode(answered['root'])), 'its answer')
        for path, content in self.raw.items():
            if re.fullmatch(r'id/[0-9]+\.note', path) and read(self.public, path) != content:
                raise Fault(f'public/{path} is another than a reader may have seen')

    # ---- going on ----

    def goes_on(self):
        """One more check-in works, and leaves everything as it should be."""
        new = self.do(['checkin', '--well', 'after'])['index']
        self.verifies('after one more check-in')
        log = self.final = self.log()
        self.keeps(log)
        self.accounts(log)
        for index in log.dispatches():
            self.page(index)
        for index, words in self.wanted:
            if words.encode() not in self.page(index):
                raise Fault(f'the page of entry {index} does not show {words}')
        self.feeds(log, new)
        for left in ('tmp', 'staging'):
            folder = os.path.join(self.home, 'private', left)
            found = os.listdir(folder) if os.path.isdir(folder) else []
            if found:
                raise Fault(f'private/{left} still holds {found}')

    def feeds(self, log, newest):
        ends = (('feed.atom', b'</feed>\n'), ('feed.json', b']}\n'), ('rss.xml', b'</rss>\n'))
        for name, end in ends:
            raw = read(self.public, name)
            items = {int(at) for at in re.findall(rb'urn:stillhere:[a-z2-7]{52}:([0-9]+)', raw)}
            if not raw.endswith(end) or newest not in items or items & log.gone:
                raise Fault(f'{name} has entries {items}: {newest} must be there, {log.gone} not')
            if items & set(log.sealed()):
                raise Fault(f'{name} has entries {items}, and {log.sealed()} are sealed')
