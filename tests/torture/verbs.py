"""What is broken: a verb, what is there before it, and what its answer promises."""
import os
import shutil

from after import checkpoint_of, read
from bench import NOW, SHEET, VISIBLE, Fault


class Verb:
    name = ''
    words = ()              # of the command line
    home = 'home'           # the channel that is looked at afterwards
    now = NOW + 60          # when the verb runs
    later = NOW + 90        # when the commands after it do
    tree = os.path.join('home', 'public')  # of the log that must go on
    before = None           # size and root of the log that must go on
    sample = 4              # points of each kind of failure
    no_sync_sample = 10     # of what must show faults
    full_sample = None      # the same for --full; None: all
    only_full = False       # without --full it is left out
    answers = (0,)          # exit codes with which an answer counts

    def prepare(self, bench, base):
        """Fill the folder base with what is there before the verb runs."""
        shutil.copytree(bench.three, base)
        self.arrange(bench, base)
        self.before = checkpoint_of(read(base, self.tree, 'checkpoint'))

    def arrange(self, bench, base):
        """What there is beside three check-ins."""

    def again(self):
        """What is run next, and killed, when the machine fails twice."""
        return ('-C', self.home, 'status')

    def check(self, after):
        """Raises Fault where something does not hold."""
        self.stands(after, after.recovers())
        after.goes_on()
        self.ends(after)

    def stands(self, after, log):
        """What the verb did, or did not do; log is that of public/ after recovery."""

    def ends(self, after):
        """What must hold after one more check-in."""


class Init(Verb):
    name = 'init'
    # In a folder of its own: nobody else waits for the disk there.
    sheet = os.path.join('papers', SHEET)
    words = ('init', 'home', '--name', 'Torture', '--sheet', sheet)

    def prepare(self, bench, base):
        os.makedirs(os.path.join(base, 'papers'))

    def check(self, after):
        # Is there a channel now (private/ is in place)?  If not, a second init must make one.
        there = os.path.exists(os.path.join(after.home, 'private'))
        sheet = os.path.join(after.where, self.sheet)
        if after.answer and not there:
            raise Fault('init said yes and there is no channel')
        if there and not (os.path.exists(sheet) and os.path.getsize(sheet)):
            raise Fault('a channel without its recovery sheet')
        if not there:
            # The sheet of the channel that never was is the person's: a new one is named anew.
            after.do([word.replace(SHEET, 'sheet-again.txt') for word in self.words], home=False)
        after.recovers()
        after.goes_on()


class Checkin(Verb):
    name = 'checkin'
    words = ('-C', 'home', 'checkin', '--well', VISIBLE)

    def stands(self, after, log):
        if not after.answer:
            return
        index = after.answer['index']
        if log.kind(index) != 'dispatch':
            raise Fault(f'entry {index} was acknowledged and is {log.kind(index)}')
        after.do(['show', str(index)])
        after.wants(index, VISIBLE)


class Promise(Verb):
    name = 'promise'
    words = ('-C', 'home', 'promise', 'every', '24h')

    def stands(self, after, log):
        if not after.answer:
            return
        shown = after.do(['show', str(after.answer['index'])])
        if shown['document']['rule'] != {'every_s': 86400}:
            raise Fault(f'another promise than was made: {shown}')
        if not after.do(['status'])['due']['promised']:
            raise Fault('a promise was made and nothing is promised')


class Settings(Verb):
    name = 'settings'
    words = ('-C', 'home', 'settings', 'zone', 'UTC')

    def stands(self, after, log):
        zone = after.do(['settings', 'zone'])['zone']
        if zone not in (('UTC',) if after.answer else ('', 'UTC')):
            raise Fault('the zone is ' + zone)


class Withdraw(Verb):
    name = 'withdraw'
    words = ('-C', 'home', 'withdraw', '2')

    def stands(self, after, log):
        if not after.answer:
            return
        if 2 not in log.gone or after.do(['show', '2'])['state'] != 'withdrawn':
            raise Fault('entry 2 was withdrawn and is shown')


    def ends(self, after):
        if 2 in after.final.gone and after.has('word-two'):
            raise Fault(f'what was withdrawn is shown: {after.has("word-two")}')


class Post(Checkin):
    name = 'post'

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', bench.clip, '--no-poster', '--well', VISIBLE)


class PostTranscode(Checkin):
    name = 'post --transcode'
    only_full = True

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', bench.clip, '--no-poster', '--transcode', '--well', VISIBLE)
