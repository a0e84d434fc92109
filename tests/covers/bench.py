"""What the tests of covers share: TAP, channels at a given time, a public tree as it lies there."""
import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from tap import finish, say, skip  # noqa: E402,F401

STILLHERE = os.environ['STILLHERE']
SOURCE = os.environ['STILLHERE_SOURCE']
SHARED = os.environ.get('STILLHERE_SHARED') or os.path.join(SOURCE, '..', 'shared')


class Place:
    """A folder for a test, and the program with a clock of the test's own."""

    def __init__(self, under=None):
        self.path = tempfile.mkdtemp(prefix='stillhere-covers.', dir=under)
        os.chmod(self.path, 0o755)
        self.now = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def try_to(self, *words, now=None):
        env = {**os.environ, 'LC_ALL': 'C', 'NO_COLOR': '1'}
        if now or self.now:
            env['STILLHERE_NOW'] = str(now or self.now)
        return subprocess.run([STILLHERE, *words], stdin=subprocess.DEVNULL, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def run(self, *words, now=None):
        done = self.try_to(*words, now=now)
        if done.returncode:
            raise SystemExit(f'{" ".join(words)}: exit {done.returncode}\n{done.stderr}')
        return done.stdout

    def channel(self, name):
        home = self.at(name)
        self.run('-q', 'init', home, '--name', 'A witness', '--sheet', home + '.sheet')
        return home


class Look:
    """One file or folder."""

    def __init__(self, path, about):
        self.is_dir = stat.S_ISDIR(about.st_mode)
        self.mode, self.links = about.st_mode, about.st_nlink
        self.owner = (about.st_uid, about.st_gid)
        self.inode, self.written_ns = about.st_ino, about.st_ctime_ns
        self.mtime_ns = about.st_mtime_ns
        self.bytes = 0 if self.is_dir else about.st_size
        self.data = None
        if not self.is_dir:
            with open(path, 'rb') as file:
                self.data = file.read()


def tree(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in [''] + names:
            path = os.path.join(where, name) if name else where
            found[os.path.relpath(path, folder)] = Look(path, os.lstat(path))
    return found


def changed(before, after):
    """Paths that were written, and those that went."""
    return {path for path in after if path not in before or
            (before[path].inode, before[path].written_ns, before[path].mtime_ns) !=
            (after[path].inode, after[path].written_ns, after[path].mtime_ns)} | (
                before.keys() - after.keys())


# ---- the log in a tree ----

def entries(look):
    """The lines of the log, from its entry tiles (up to 256 entries)."""
    size = int(look['checkpoint'].data.split(b'\n')[1])
    data, lines = look[f'tile/entries/000.p/{size}'].data, []
    while data:
        length = int.from_bytes(data[:2], 'big')
        lines.append(data[2:2 + length])
        data = data[2 + length:]
    return lines


def sealed_hashes(look):
    return [line.split()[3].decode() for line in entries(look) if line.split()[1] == b'sealed']


def spoken(look):
    """Every byte string of a tree that comes from the hash of a sealed entry: the hash itself,
    leaf and tree hashes, the root, the signatures.  All else must be equal in both trees."""
    out = set()
    for path, one in look.items():
        if one.is_dir or not path.startswith('tile/0/'):
            continue
        out |= {one.data[i:i + 32] for i in range(0, len(one.data), 32)}
    out |= {bytes.fromhex(text) for text in sealed_hashes(look)}
    lines = look['checkpoint'].data.split(b'\n')
    out.add(base64.b64decode(lines[2]))
    out |= {base64.b64decode(line.split()[2])[4:] for line in lines[4:] if line}
    return out


def neutral(path, data, words, lines):
    """data without those of its bytes that may differ, each replaced by as many of one kind."""
    if path.startswith('tile/0/'):
        return b''.join(b'\0' * 32 if lines[i // 32].split()[1] == b'sealed' else data[i:i + 32]
                        for i in range(0, len(data), 32))
    if path == 'checkpoint':
        parts = data.split(b'\n')
        parts[2] = b'R' * len(parts[2])
        for i in range(4, len(parts) - 1):
            name = parts[i].rsplit(b' ', 1)
            key = base64.b64decode(name[1])
            parts[i] = name[0] + key[:4] + b'S' * len(name[1])
        return b'\n'.join(parts)
    for word in words:
        text = word.hex().encode()
        data = data.replace(text, b'H' * len(text))
    return data


def differences(one, other):
    """What somebody who reads both trees can tell apart; empty for two that look the same."""
    out = []
    if one.keys() != other.keys():
        out.append(f'files: {sorted(one.keys() ^ other.keys())}')
    lines, words = entries(one), (spoken(one), spoken(other))
    for path in sorted(one.keys() & other.keys()):
        a, b = one[path], other[path]
        for field in ('is_dir', 'mode', 'links', 'owner', 'bytes'):
            if getattr(a, field) != getattr(b, field):
                out.append(f'{path}: {field} {getattr(a, field)} and {getattr(b, field)}')
        if a.is_dir:
            continue
        if a.mtime_ns != b.mtime_ns:
            out.append(f'{path}: modified {a.mtime_ns} and {b.mtime_ns}')
        if neutral(path, a.data, words[0], lines) != neutral(path, b.data, words[1], lines):
            out.append(f'{path}: content')
    return out


def order(look, paths):
    """In which order files were written, as far as the clock of the disk tells them apart."""
    return {(a, b) for a in paths for b in paths
            if a in look and b in look and look[a].written_ns < look[b].written_ns}


def small_clip():
    """The smallest of the clips that the tests have, or None."""
    folder = os.path.join(SHARED, 'clips')
    names = os.listdir(folder) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if name.endswith('.mp4')]
    return min(paths, key=os.path.getsize) if paths else None


def blob_hash(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


__all__ = [name for name in dir() if not name.startswith('_')] + ['json']
