"""Backups, copies, and what is made anew from them."""
import os
import shutil

from after import Log, checkpoint_of, contents, files, read
from bench import NOW, SECRET, SHEET, VISIBLE, Fault
from verbs import Verb
from verbs_log import HOUR, seal

BACKUP = 'channel.age'


def fill(bench, base):
    """A channel with something of everything."""
    bench.do(base, ['-C', 'home', 'post', bench.clip, '--no-poster', VISIBLE], NOW)  # 4
    seal(bench, base, '6h', SECRET)                                                  # 5
    bench.do(base, ['-C', 'home', 'withdraw', '2'], NOW)                             # 6
    bench.do(base, ['-C', 'home', 'correct', '3', '--hurt'], NOW)                    # 7


def opens(after, index=5):
    """The sealed dispatch of fill() kept its time."""
    needles = after.secrets() | {SECRET}
    after.hides(needles, after.raw)
    after.hides(needles)
    if after.do(['publish', '--due'], NOW + 7 * HOUR)['opened'] != [index]:
        raise Fault('a sealed dispatch is not opened when it is due')
    after.wants(index, SECRET)
    after.later = NOW + 8 * HOUR


class Copies(Verb):
    def again(self):
        return self.words


class Backup(Copies):
    """The file under its name is always whole: the older one or the newer."""
    name = 'backup'
    words = ('-C', 'home', 'backup', '--force', BACKUP)

    def arrange(self, bench, base):
        fill(bench, base)
        bench.do(base, ['-C', 'home', 'backup', BACKUP], NOW)
        bench.do(base, ['-C', 'home', 'checkin', 'newest'], NOW)

    def stands(self, after, log):
        found = after.do(['-C', 'back', 'restore', BACKUP, '--sheet', SHEET], home=False)
        if found['size'] not in ((9,) if after.answer else (8, 9)):
            raise Fault(f'the backup has {found["size"]} entries')
        held = Log(os.path.join(after.where, 'back', 'public'))
        held.continues(self.before if found['size'] == 9 else None, 'the channel')


class Restore(Copies):
    name = 'restore'
    home = 'back'
    words = ('-C', 'back', 'restore', BACKUP, '--sheet', SHEET)

    def arrange(self, bench, base):
        fill(bench, base)
        bench.do(base, ['-C', 'home', 'backup', BACKUP], NOW)

    def check(self, after):
        there = os.path.exists(os.path.join(after.home, 'private'))
        if after.raw and not there:
            raise Fault('public/ is in place without private/')
        if after.answer and not there:
            raise Fault('a channel was restored and is not there')
        if not there:
            after.do(list(self.words), home=False)
        if after.run(['checkin', 'too early'])[0] == 0:
            raise Fault('a restored channel signs before anybody answered for it')
        after.do(['recover', '--i-know'])
        after.recovers()
        opens(after)
        after.goes_on()


class CatchUp(Copies):
    name = 'recover --from'
    home = 'back'
    words = ('-C', 'back', 'recover', '--from', 'home')

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'backup', BACKUP], NOW)
        fill(bench, base)
        bench.do(base, ['-C', 'back', 'restore', BACKUP, '--sheet', SHEET], NOW)

    def check(self, after):
        signed = after.run(['checkin', 'between'])[0] == 0
        if after.answer and not signed:
            raise Fault('it caught up and cannot be written')
        if not signed:
            after.do(list(self.words), home=False)
        log = after.recovers()
        log.continues(self.before, 'the copy')
        after.wants(4, VISIBLE)
        if 2 not in log.gone:
            raise Fault('what the copy withdrew is shown')
        after.goes_on()


class Heal(Copies):
    """Every file is as it was, or good."""
    name = 'audit --heal'
    words = ('-C', 'home', 'audit', '--heal', 'copy')

    def arrange(self, bench, base):
        fill(bench, base)
        shutil.copytree(os.path.join(base, 'home', 'public'), os.path.join(base, 'copy'))
        self.good = {path: content for path, content in contents(os.path.join(base, 'copy')).items()
                     if path[:2] in ('d/', 'b/') or path.startswith('tile/')}
        self.before = checkpoint_of(read(base, 'copy', 'checkpoint'))
        self.damage(os.path.join(base, self.tree))

    def damage(self, tree):
        paths = sorted(self.good)
        documents = [path for path in paths if path.startswith('d/')]
        os.unlink(os.path.join(tree, documents[0]))
        os.unlink(os.path.join(tree, [path for path in paths if path.startswith('b/')][0]))
        for path in documents[1], f'tile/0/000.p/{self.before[0]}':
            with open(os.path.join(tree, path), 'r+b') as out:
                out.write(b'damaged')
        self.bad = {path: read(tree, path) for path in self.good
                    if os.path.exists(os.path.join(tree, path))}

    def check(self, after):
        raw = contents(os.path.join(after.where, self.tree))
        for path, content in self.good.items():
            if raw.get(path) not in (content, self.bad.get(path), None):
                raise Fault(f'{path} is neither as it was nor good')
            if after.answer and raw.get(path) != content:
                raise Fault(f'{path} was healed and is not good')
        after.do(list(self.words), home=False)
        for path, content in self.good.items():
            if read(after.where, self.tree, path) != content:
                raise Fault(f'{path} is not healed')
        after.recovers()
        after.goes_on()


class HealCopy(Heal):
    name = 'audit --heal, of a copy'
    words = ('audit', 'copy', '--heal', 'home')
    tree = 'copy'

    def check(self, after):
        super().check(after)
        if [path for path in files(os.path.join(after.where, 'copy')) if '.heal/tmp' in path]:
            raise Fault('the copy still holds what was being healed')


class Rebuild(Copies):
    """The index is made anew, and what only the index knew is not lost."""
    name = 'rebuild'
    words = ('-C', 'home', 'rebuild')
    now, later = NOW + HOUR + 30, NOW + HOUR + 60

    def arrange(self, bench, base):
        fill(bench, base)
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)
        bench.do(base, ['-C', 'home', 'publish', '--due'], NOW + HOUR)  # 8, a cover

    def stands(self, after, log):
        after.do(['publish', '--due'])
        if after.log().size != log.size:
            raise Fault('a second entry at one slot')
        opens(after)


class RebuildCut(Copies):
    """The same where a run was cut off between its commit and its publication."""
    name = 'rebuild, of what was cut'
    words = ('-C', 'home', 'rebuild')

    def prepare(self, bench, base):
        verb = Verb()
        verb.words = ('-C', 'home', 'post', bench.clip, '--no-poster', '--publish', '6h', SECRET)
        shutil.copytree(bench.three, base)
        calls = bench.shimmed(base, verb, 'count')[1]
        low, high = 0, calls  # the first call at which the commit stands
        while low < high:
            middle = (low + high) // 2
            if self.stood(bench, base, verb, middle):
                high = middle
            else:
                low = middle + 1
        self.cut(bench, base, verb, low)
        self.before = checkpoint_of(read(base, 'home', 'public', 'checkpoint'))

    @staticmethod
    def cut(bench, base, verb, at):
        shutil.rmtree(base)
        shutil.copytree(bench.three, base)
        bench.shimmed(base, verb, 'kill', at)

    def stood(self, bench, base, verb, at):
        self.cut(bench, base, verb, at)
        return bench.do(base, ['-C', 'home', 'status'], verb.now)['checkpoint']['size'] == 5

    def stands(self, after, log):
        opens(after, 4)
