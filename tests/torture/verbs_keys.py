"""Changes of keys: either the old ones speak or the new, never neither, never two next notes."""
import base64
import hashlib
import json
import os

from after import files, read
from bench import NOW, SECRET, SHEET, VISIBLE, Fault
from verbs import Verb

NEW = 'new-sheet.txt'
ED25519 = b'\x01'


def verifier_key(name):
    """A verifier key line that nobody has the secret of."""
    key = ED25519 + hashlib.sha256(name.encode()).digest()
    mark = hashlib.sha256(name.encode() + b'\n' + key).digest()[:4]
    return f'{name}+{mark.hex()}+{base64.b64encode(key).decode()}'


def swept(after):
    """No secret of the channel is kept but those of log, the log key before it, and c2pa-ca."""
    note = read(after.public, 'id', 'current').decode()
    # One that no note ever named says nothing for the channel: left by a run that was cut off.
    kept = [name for name in files(os.path.join(after.home, 'private', 'keys'))
            if '-' not in name.replace('c2pa-ca', '') or name[-20:-4] in note]
    if len(kept) > 3:
        raise Fault(f'private/keys holds more than is needed: {kept}')


class Keys(Verb):
    verb = ()
    made = ()  # files of the new sheets
    to = ()
    needed = 1  # new sheets that are needed together

    def arrange(self, bench, base):
        self.fill(bench, base)
        self.words = ('-C', 'home', 'key') + self.verb + ('--sheet', SHEET) + self.to

    def fill(self, bench, base):
        """What there is beside three check-ins."""

    def stands(self, after, log):
        if log.notes not in (1, 2):
            raise Fault(f'{log.notes} identity notes')
        if after.answer and log.notes != 2:
            raise Fault('keys were changed, and no note says so')
        self.other_change(after, self.sheets(after, log))
        if after.log().notes != log.notes + 1:
            raise Fault('the keys could not be changed again')

    def ends(self, after):
        swept(after)

    def sheets(self, after, log):
        """Those that speak now: exactly one set of them does."""
        old = self.enough(after, [SHEET])
        there = all(os.path.exists(os.path.join(after.where, name)) for name in self.made)
        new = bool(self.made) and there and self.enough(after, self.made[:self.needed])
        if self.made and new != (log.notes == 2):
            raise Fault(f'{log.notes} notes; the new sheets {"do" if new else "do not"} speak')
        if old == new:
            raise Fault('both the old sheets and the new speak' if old else 'no sheet speaks')
        return self.made[:self.needed] if new else [SHEET]

    @staticmethod
    def enough(after, sheets):
        code, out, err = after.run(['key', 'sheet', '--check'] + list(sheets))
        if code == 1 and 'stillhere-sheet/1' in err:
            return False  # half written by a run that was cut off: it says so, and is none
        if code not in (0, 3):
            raise Fault(f'key sheet --check: exit {code}: {err[-200:]}')
        answer = json.loads(out)
        return answer['enough'] and answer['opens_backups']

    @staticmethod
    def other_change(after, sheets):
        words = ['key', 'rotate', 'log']
        for sheet in sheets:
            words += ['--sheet', sheet]
        after.do(words)


class RotateLog(Keys):
    name = 'key rotate log'
    verb = ('rotate', 'log')


class RotateC2pa(Keys):
    name = 'key rotate c2pa'
    verb = ('rotate', 'c2pa')


class RotateArchive(Keys):
    """Backups open with the sheet that speaks."""
    name = 'key rotate archive'
    verb = ('rotate', 'archive')
    made, to = (NEW,), ('--to', NEW)

    def stands(self, after, log):
        super().stands(after, log)
        sheets = self.sheets(after, log)
        after.do(['backup', 'after.age'])
        after.do(['-C', 'again', 'restore', 'after.age', '--sheet', sheets[0]], home=False)


class NewSheets(Keys):
    name = 'key sheet'
    verb = ('sheet', '--two-of-three')
    made, to, needed = (NEW + '-1', NEW + '-2', NEW + '-3'), ('--to', NEW), 2


class Revoke(Keys):
    """What a thief hid comes back."""
    name = 'key revoke'

    def fill(self, bench, base):
        bench.do(base, ['-C', 'home', 'withdraw', '2'], NOW)
        keys = bench.do(base, ['-C', 'home', 'key', 'show'], NOW)['keys']
        log = [key['id'] for key in keys if key['role'] == 'log'][0]
        self.verb = ('revoke', log, '--since', '4')

    def stands(self, after, log):
        super().stands(after, log)
        if log.notes == 2 and 2 in log.gone:
            raise Fault('what was hidden in dispute is not shown')
        if log.notes == 2:
            after.wants(2, 'word-two')


class Add(Keys):
    name = 'key add cosigner'
    verb = ('add', 'cosigner', verifier_key('example.org/witness'))


class Recover(Verb):
    """A new machine, a copy and the paper: one channel under one next note."""
    name = 'key recover'
    home, tree = 'new', 'copy'
    words = ('-C', 'new', 'key', 'recover', '--from', 'copy', '--sheet', SHEET)

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'post', bench.clip, '--no-poster', VISIBLE], NOW)
        bench.do(base, ['-C', 'home', 'withdraw', '2'], NOW)
        bench.do(base, ['-C', 'home', 'checkin', '--publish', '6h', SECRET], NOW)
        os.rename(os.path.join(base, 'home', 'public'), os.path.join(base, 'copy'))
        os.rename(os.path.join(base, 'home'), os.path.join(base, 'gone'))

    def again(self):
        return self.words

    def check(self, after):
        there = os.path.exists(os.path.join(after.home, 'private'))
        if after.raw and not there:
            raise Fault('public/ is in place without private/')
        if after.answer and not there:
            raise Fault('a channel was recovered and is not there')
        if not there:
            after.do(list(self.words), home=False)
        log = after.recovers()
        if log.notes != 2:
            raise Fault(f'{log.notes} identity notes')
        after.wants(4, VISIBLE)
        Keys.other_change(after, [SHEET])
        after.goes_on()
        swept(after)
