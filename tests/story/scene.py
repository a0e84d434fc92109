"""What the stories need: people with machines, copies on disks, a friend who cosigns.  TAP."""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from tap import finish, same, say, skip, until  # noqa: E402,F401

STILLHERE = os.environ['STILLHERE']
DAY = 86400
MONDAY = 1900000800  # 18:00 UTC on a Sunday in March 2030, for what the stories call Monday


def tell(text):
    """Prose between the steps: read from top to bottom it is the story."""
    print('#')
    for line in text.strip().split('\n'):
        print('# ' + line.strip(), flush=True)


class Answer:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f'exit {self.code}\n{self.out}\n{self.err}'


class World:
    """Every machine is a folder of it, and all have the clock that the story sets."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='stillhere-story.')
        os.chmod(self.path, 0o755)
        self.now = MONDAY

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(['chmod', '-R', 'u+rwX', self.path], check=False)
        shutil.rmtree(self.path, ignore_errors=True)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def env(self):
        return {**os.environ, 'LC_ALL': 'C.UTF-8', 'NO_COLOR': '1', 'HOME': self.path,
                'STILLHERE_NOW': str(self.now)}

    def run(self, *words):
        self.now += 60
        return Answer(subprocess.run(
            [STILLHERE, *[str(word) for word in words]], cwd=self.path, env=self.env(), text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False))

    def does(self, *words):
        """It must work; no step of the test by itself."""
        done = self.run(*words)
        if done.code:
            raise SystemExit(f'{" ".join(map(str, words))}: {done}')
        return done

    def looks(self, code, *words):
        """What a reader asks, with the answer's object."""
        done = self.run('--json', *words)
        say(done.code == code, f'stillhere {" ".join(map(str, words))}: exit {code}', done)
        return done.json

    def copy(self, source, target):
        subprocess.run(['cp', '-a', self.at(source), self.at(target)], check=True)
        return target

    def page(self, tree, path='index.en.html'):
        """The text of a page, without its markup."""
        with open(self.at(tree, path), encoding='utf-8') as file:
            text = re.sub(r'<style.*?</style>|<script.*?</script>', ' ', file.read(), flags=re.S)
        return re.sub(r'\s+', ' ', re.sub(r'<[^>]*>', ' ', text))

    def text(self, tree, path):
        with open(self.at(tree, path), encoding='utf-8') as file:
            return file.read()

    def checkpoint(self, tree):
        with open(self.at(tree, 'checkpoint'), 'rb') as file:
            return file.read()

    def size(self, tree):
        return int(self.checkpoint(tree).split(b'\n')[1])

    def holds(self, tree, text):
        """Does any file below it hold these words?"""
        for where, _, names in os.walk(self.at(tree)):
            for name in names:
                with open(os.path.join(where, name), 'rb') as file:
                    if text.encode() in file.read():
                        return True
        return False


def findings(answer):
    return {one['id'] for one in answer['findings']}


# ---- a log's proofs, made by another hand than the program's ----

def b64(data):
    return base64.b64encode(data)


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b'\1' + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def consistency(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root_of(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root_of(leaves[:k])]


class Cosigner:
    """A friend's machine that runs `serve --cosign` for the channel."""

    def __init__(self, world, name, channel, source):
        self.world, self.home = world, world.at(name)
        world.does('-q', 'init', name, '--name', 'A friend', '--sheet', self.home + '.sheet')
        os.makedirs(self.home + '/private/cosign', 0o700)
        with open(self.home + '/private/cosign/logs', 'w', encoding='ascii') as out:
            out.write(f'name friend.example/cosigner\nchannel {channel} {source}\n')
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [STILLHERE, '-C', self.home, 'serve', '--cosign', '--listen', '127.0.0.1:0'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.world.env())
        line = self.process.stdout.readline()
        self.port = int(re.search(r':(\d+)/$', line.strip()).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def again(self):
        """It looks for newer identity notes at its start, and every ten minutes."""
        self.stop()
        self.start()

    def ask(self, body):
        for _ in range(200):
            link = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
            try:
                link.request('POST', '/add-checkpoint', body)
                answer = link.getresponse()
                found = answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                found = 503, b''
            finally:
                link.close()
            if found[0] not in (502, 503):
                return found
            time.sleep(0.2)
        return found

    def body(self, tree, old):
        note = self.world.checkpoint(tree)
        size = int(note.split(b'\n')[1])
        with open(self.world.at(tree, f'tile/0/000.p/{size}'), 'rb') as file:
            data = file.read()
        leaves = [data[i:i + 32] for i in range(0, len(data), 32)]
        proof = consistency(old, leaves) if 0 < old <= size else []
        return b'old %d\n' % old + b''.join(b64(one) + b'\n' for one in proof) + b'\n' + note

    def shown(self, tree):
        """As clients do: ask from nothing, take the size that it tells, ask again.
        [(status, what it said)]"""
        answers = [self.ask(self.body(tree, 0))]
        if answers[0][0] == 409:
            answers.append(self.ask(self.body(tree, int(answers[0][1]))))
        return answers

    def follows(self, tree):
        """Until it knows the note that the tree's checkpoint was signed under."""
        def known():
            answers = self.shown(tree)
            return answers if answers[-1][0] not in (403, 404) else None
        return until(known, 30) or self.shown(tree)


__all__ = [name for name in dir() if not name.startswith('_')]
