"""The program under test, the shim that breaks it, and what both work on."""
import json
import os
import shutil
import signal
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
SOURCE = os.environ.get('STILLHERE_SOURCE') or os.path.dirname(os.path.dirname(HERE))
JOURNAL_BYTES = 64 << 20
NOW = 1800000000  # when the channels are made; a whole hour, so a slot of the covers
SHEET = 'sheet.txt'
SECRET = 'zebra-under-the-bridge'  # words that are not to be public before they may
VISIBLE = 'a-word-for-all'


class Fault(Exception):
    pass


def must(done, what):
    """The JSON that it answered, where it did."""
    code, out, err = done
    if code:
        raise Fault(f'{what}: exit {code}: {err.strip()[-300:]}')
    return answer_of(out)


def answer_of(out):
    try:
        return json.loads(out)
    except ValueError:
        return None


class Bench:
    def __init__(self, scratch):
        self.scratch = scratch
        # A copy: who builds meanwhile does not change what is tested.
        built = self.plain_build()
        self.program = shutil.copy(built, os.path.join(scratch, 'stillhere'))
        media = os.path.join(os.path.dirname(built), 'stillhere-media')
        if os.path.exists(media):
            shutil.copy(media, scratch)
        self.shim = os.path.join(scratch, 'shim.so')
        subprocess.run(['cc', '-std=c17', '-D_GNU_SOURCE', '-O2', '-shared', '-fPIC',
                        '-fvisibility=hidden', os.path.join(HERE, 'shim.c'), '-o', self.shim,
                        '-ldl'], check=True)
        self.clip = os.path.join(scratch, 'clip.mp4')
        subprocess.run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i',
                        'testsrc=duration=1:size=160x120:rate=10', '-c:v', 'libx264',
                        '-pix_fmt', 'yuv420p', self.clip], check=True)
        self.three = os.path.join(scratch, 'three')
        self.make_three()

    @staticmethod
    def plain_build():
        program = os.environ.get('STILLHERE') or os.path.join(SOURCE, 'build', 'stillhere')
        if os.environ.get('STILLHERE_SANITIZED', '0') != '1':
            return os.path.realpath(program)
        build = os.path.join(os.environ['STILLHERE_BUILD'], 'plain')
        if not os.path.exists(os.path.join(build, 'build.ninja')):
            subprocess.run(['meson', 'setup', build, SOURCE], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(['ninja', '-C', build, 'stillhere'], check=True, stdout=subprocess.DEVNULL)
        return os.path.join(build, 'stillhere')

    def make_three(self):
        """A channel of three check-ins, which most verbs start from."""
        os.mkdir(self.three)
        self.do(self.three, ['init', 'home', '--name', 'Torture', '--sheet', SHEET], NOW)
        for word in ('word-one', 'word-two', 'word-three'):
            self.do(self.three, ['-C', 'home', 'checkin', '--well', word], NOW)

    def do(self, where, words, now):
        """Something that must succeed; what it answers."""
        return must(self.run(where, ['--json', *words], now), ' '.join(words))

    def run(self, where, words, now, environment=None):
        """Exit code (negative for a signal), standard output, standard error."""
        child = subprocess.Popen([self.program] + words, cwd=where, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True,
                                 env=dict(os.environ, LC_ALL='C.UTF-8', STILLHERE_NOW=str(now),
                                          **(environment or {})))
        try:
            out, err = child.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise Fault('it hangs: ' + ' '.join(words)) from None
        return child.returncode, out, err.decode(errors='replace')

    def shimmed(self, where, verb, mode, at=0):
        """Run the verb under the shim; (code, out, err), calls made, did it fire, bytes noted."""
        state = where + '.state'
        with open(state, 'wb') as out:
            out.write(bytes(4096))
        environment = {'LD_PRELOAD': self.shim, 'TORTURE_STATE': state, 'TORTURE_MODE': mode,
                       'TORTURE_AT': str(at)}
        if mode == 'journal':
            environment['TORTURE_JOURNAL'] = where + '.journal'
            with open(where + '.journal', 'wb') as out:
                out.truncate(JOURNAL_BYTES)
        done = self.run(where, ['--json', *verb.words], verb.now, environment)
        with open(state, 'rb') as source:
            calls, fired, used = (int.from_bytes(source.read(8), 'little') for _ in range(3))
        os.unlink(state)
        return done, calls, fired, used
