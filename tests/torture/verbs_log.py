"""Sealed dispatches, covers, batches, corrections, purges."""
import glob
import json
import os

from after import contents, files, read
from bench import NOW, SECRET, SHEET, VISIBLE, Fault
from verbs import Verb

HOUR = 3600


def seal(bench, base, when, words, clip=False):
    """A sealed dispatch in the channel of base, when there are no covers."""
    verb = ['post', bench.clip, '--no-poster'] if clip else ['checkin']
    return bench.do(base, ['-C', 'home'] + verb + ['--publish', when, words], NOW)['index']


class Sealed(Verb):
    """A dispatch that waits: nothing of it is public, and none of it is lost."""
    name = 'post --publish'

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', bench.clip, '--no-poster', '--publish', '6h', SECRET)

    def stands(self, after, log):
        needles = after.secrets() | {SECRET}
        after.hides(needles, after.raw)
        after.hides(needles)
        if after.answer and after.answer['index'] not in log.sealed():
            raise Fault('a sealed dispatch was acknowledged and is not sealed')
        if log.size > self.before[0]:
            after.do(['publish', str(self.before[0])])
            after.wants(self.before[0], SECRET)


class Waiting(Verb):
    """The same with covers on: it waits for a slot, and takes it."""
    name = 'post --publish, with covers'
    now, later = NOW + 600, NOW + 660

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', bench.clip, '--no-poster', '--publish', '3h', SECRET)
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)

    def stands(self, after, log):
        needles = after.secrets() | {SECRET}
        after.hides(needles, after.raw)
        if log.size != self.before[0]:
            raise Fault('something was logged between two slots')
        after.do(['publish', '--due'], NOW + HOUR)
        log = after.log()
        if len(log.sealed()) != 1:
            raise Fault(f'{len(log.sealed())} sealed entries after one slot')
        after.hides(needles)
        opened = after.do(['publish', '--due'], NOW + 4 * HOUR)['opened']
        if after.answer and opened != [self.before[0]]:
            raise Fault('what waited for a slot was lost')
        if opened:
            after.wants(self.before[0], SECRET)
        after.later = NOW + 5 * HOUR + 600


class Batch(Verb):
    """All of a batch, or none of it."""
    name = 'post --batch'
    count = 4

    def arrange(self, bench, base):
        lines = [{'status': 'well', 'words': VISIBLE}, {'clip': bench.clip, 'words': VISIBLE},
                 {'words': SECRET, 'publish': '6h'},
                 {'clip': bench.clip, 'words': SECRET, 'publish': 'when-i-say'}]
        self.put(base, lines)

    def put(self, base, lines):
        self.count = len(lines)
        self.words = ('-C', 'home', 'post', '--no-poster', '--batch', 'batch')
        with open(os.path.join(base, 'batch'), 'w', encoding='utf-8') as out:
            out.writelines(json.dumps(line) + '\n' for line in lines)

    def stands(self, after, log):
        needles = after.secrets() | {SECRET}
        # A clip that is sealed and shown at once is public by the one that shows it.
        shown = {os.path.basename(path).split('.')[0] for path in files(after.public)
                 if path.startswith('b/')}
        after.hides(needles - shown, after.raw)
        after.hides(needles - shown)
        if log.size not in (self.before[0], self.before[0] + self.count):
            raise Fault(f'{log.size - self.before[0]} of {self.count} lines were logged')
        if after.answer and log.size == self.before[0]:
            raise Fault('a batch was acknowledged and is not there')
        if log.size > self.before[0]:
            self.whole(after, log)

    def whole(self, after, log):
        for index in log.sealed():
            after.do(['publish', str(index)])
            after.wants(index, SECRET)
        for index in log.dispatches()[3:]:
            after.wants(index, VISIBLE)


class Bulk(Batch):
    """So many that the disk is waited for once."""
    name = 'post --batch, many'
    sample, full_sample = 4, 150  # what is more than a batch are its pages

    def arrange(self, bench, base):
        lines = [{'words': VISIBLE} for _ in range(48)]
        self.put(base, lines[:-1] + [{'words': SECRET, 'publish': '6h'}])


class CoveredBatch(Batch):
    """With covers, what is sealed waits, and the rest is logged: all of it, or none."""
    name = 'post --batch, covers'
    logged = 1

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)
        self.put(base, [{'words': VISIBLE}] * self.logged + [{'words': SECRET, 'publish': '6h'},
                        {'clip': bench.clip, 'words': SECRET, 'publish': 'when-i-say'}])

    def stands(self, after, log):
        grown = log.size - self.before[0]
        after.hides(after.secrets() | {SECRET}, after.raw)
        waits = len(after.do(['status'])['waiting_ids'])
        if (grown, waits) not in ((0, 0), (self.logged, 2)):
            raise Fault(f'{grown} lines were logged, {waits} wait')
        if after.answer and not waits:
            raise Fault('a batch was acknowledged and is not there')
        if os.path.exists(os.path.join(after.home, 'private', 'batch')):
            raise Fault('what was begun stays begun')


class SealedBatch(CoveredBatch):
    """Nothing of it is logged now."""
    name = 'post --batch, covers, all sealed'
    logged = 0


class Open(Verb):
    name = 'publish N'
    words = ('-C', 'home', 'publish', '4')
    now, later = NOW + 600, NOW + 660

    def arrange(self, bench, base):
        seal(bench, base, '6h', SECRET, clip=True)

    def stands(self, after, log):
        opened = 4 in log.opened
        if after.answer and not opened:
            raise Fault('entry 4 was opened and is not')
        if not opened:
            needles = after.secrets() | {SECRET}
            after.hides(needles, after.raw)
            after.hides(needles)
            after.do(['publish', '4'])
        after.wants(4, SECRET)
        if glob.glob(os.path.join(after.public, 'b', '*', '*')) == []:
            raise Fault('entry 4 was opened and its clip is not public')
        if files(os.path.join(after.home, 'private', 'sealed')):
            raise Fault('what was opened lies in private/sealed still')


class Due(Verb):
    name = 'publish --due'
    words = ('-C', 'home', 'publish', '--due')
    now, later = NOW + 3 * HOUR, NOW + 3 * HOUR + 60
    answers = (0, 1)
    due = {4: SECRET + '-1', 5: SECRET + '-2'}

    def arrange(self, bench, base):
        seal(bench, base, '1h', self.due[4], clip=True)
        seal(bench, base, '2h', self.due[5])
        seal(bench, base, '9h', 'not-before-nine')

    def stands(self, after, log):
        for index, words in self.due.items():
            if index in log.opened:
                continue
            after.hides({words}, after.raw)
            after.hides({words})
            if after.answer and index in after.answer['opened']:
                raise Fault(f'entry {index} was opened and is not')
        after.do(['publish', '--due'])
        for index, words in self.due.items():
            after.wants(index, words)
        needles = after.secrets() | {'not-before-nine'}
        after.hides(needles, after.raw)
        after.hides(needles)


class Cover(Verb):
    """A slot gets one entry, never two, and never none."""
    name = 'publish --due, a cover'
    words = ('-C', 'home', 'publish', '--due')
    now, later = NOW + HOUR, NOW + HOUR + 30

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)

    def stands(self, after, log):
        if after.answer and not log.sealed():
            raise Fault('a slot was taken and its entry is not there')
        after.do(['publish', '--due'])
        if len(after.log().sealed()) != 1:
            raise Fault(f'{len(after.log().sealed())} entries at one slot')


class Slot(Cover):
    name = 'publish --due, a slot'

    def arrange(self, bench, base):
        super().arrange(bench, base)
        bench.do(base, ['-C', 'home', 'post', bench.clip, '--no-poster', '--publish', '1h', SECRET],
                 NOW + 600)

    def stands(self, after, log):
        needles = after.secrets() | {SECRET}
        after.hides(needles, after.raw)
        super().stands(after, log)
        after.hides(needles)
        # Where it could not be logged, a cover took the slot, and it takes the next.
        opened = after.do(['publish', '--due'], NOW + 2 * HOUR)['opened']
        if len(opened) != 1:
            raise Fault('what waited for the slot was lost')
        after.wants(opened[0], SECRET)
        after.later = NOW + 2 * HOUR + 600


class Cancel(Verb):
    """What waited is gone, or waits; half of it stands in nobody's way."""
    name = 'publish --cancel'
    now, later = NOW + 660, NOW + 720

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)
        bench.do(base, ['-C', 'home', 'post', bench.clip, '--no-poster', '--publish', '2h', SECRET],
                 NOW + 600)
        waits = os.listdir(os.path.join(base, 'home', 'private', 'waiting'))
        self.words = ('-C', 'home', 'publish', '--cancel', waits[0])

    def stands(self, after, log):
        needles = after.secrets() | {SECRET}
        after.hides(needles, after.raw)
        after.do(['publish', '--due'], NOW + HOUR)
        if len(after.log().sealed()) != 1:
            raise Fault(f'{len(after.log().sealed())} entries at one slot')
        after.hides(needles)
        opened = after.do(['publish', '--due'], NOW + 3 * HOUR)['opened']
        if after.answer and opened:
            raise Fault('what was cancelled was logged')
        after.later = NOW + 3 * HOUR + 600

    def ends(self, after):
        if after.answer and any(SECRET.encode() in raw for raw in contents(after.home).values()):
            raise Fault('what was cancelled lies on the disk still')


class Correct(Verb):
    name = 'correct'
    words = ('-C', 'home', 'correct', '2', '--hurt', VISIBLE)

    def stands(self, after, log):
        if after.answer:
            if log.kind(after.answer['index']) != 'correct':
                raise Fault('a correction was acknowledged and is not there')
            after.wants(after.answer['index'], VISIBLE)
            after.wants(2, f'/w/{after.answer["index"]:03d}/index.')


class Purge(Verb):
    """Gone for ever: nowhere below the home, the database and quarantine too."""
    name = 'withdraw --purge'
    words = ('-C', 'home', 'withdraw', '4', '--purge', '--sheet', SHEET)
    needles = (SECRET,)

    def arrange(self, bench, base):
        self.fill(bench, base)
        blob = glob.glob(os.path.join(base, 'home', 'p*', '**', '*.mp4'), recursive=True)[0]
        self.middle = read(blob)[os.path.getsize(blob) // 2:][:64]

    def fill(self, bench, base):
        bench.do(base, ['-C', 'home', 'post', bench.clip, '--no-poster', SECRET], NOW)

    def stands(self, after, log):
        if after.answer and 4 not in log.gone:
            raise Fault('a purge was acknowledged and is not in the log')
        # What was acknowledged is done; else the next command that writes does it.
        if after.answer:
            self.is_nowhere(after)

    def ends(self, after):
        if after.do(['show', '4']).get('purged_by') is not None:
            self.is_nowhere(after)

    def is_nowhere(self, after):
        for path, content in contents(after.home).items():
            if SECRET.encode() in content or self.middle in content:
                raise Fault(f'{path} still holds what was purged')


class PurgeHidden(Purge):
    name = 'withdraw --purge, of what is hidden'

    def fill(self, bench, base):
        super().fill(bench, base)
        bench.do(base, ['-C', 'home', 'withdraw', '4'], NOW)


class PurgeSealed(Purge):
    name = 'withdraw --purge, of what is sealed'

    def fill(self, bench, base):
        seal(bench, base, '6h', SECRET, clip=True)

    def stands(self, after, log):
        after.hides({SECRET}, after.raw)
        after.hides({SECRET})
        super().stands(after, log)


class WithdrawSealed(Verb):
    name = 'withdraw, of what is sealed'
    words = ('-C', 'home', 'withdraw', '4')

    def arrange(self, bench, base):
        seal(bench, base, '6h', SECRET, clip=True)

    def stands(self, after, log):
        after.hides(after.secrets() | {SECRET}, after.raw)
        after.hides(after.secrets() | {SECRET})
        if after.answer and 4 not in log.gone:
            raise Fault('entry 4 was withdrawn and is not')
        if 4 not in log.gone:
            after.do(['publish', '4'])
            after.wants(4, SECRET)
