"""Untouched clips: sealed before the commit, whole after it, and in clear at no moment."""
import glob
import json
import os

from after import contents, read
from bench import NOW, SECRET, SHEET, VISIBLE, Fault
from verbs import Checkin, Verb
from verbs_log import HOUR, Purge

CANARY = b'CANARY-OF-THE-UNTOUCHED-CLIP'
OUT = 'out.mp4'


def untouched(bench):
    """A clip with something in it that the rebuild leaves out."""
    path = bench.clip + '.untouched.mp4'
    if not os.path.exists(path):
        box = (8 + len(CANARY)).to_bytes(4, 'big') + b'free' + CANARY
        with open(f'{path}.{os.getpid()}', 'wb') as out:
            out.write(read(bench.clip) + box)
        os.rename(out.name, path)
    return path


def in_clear_nowhere(after):
    for path, content in contents(after.home).items():
        if CANARY in content:
            raise Fault(f'{path} holds the untouched clip in clear')


def sealed_files(after):
    folder = os.path.join(after.home, 'private', 'originals')
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def committed(after):
    """Names of the originals that documents which are here commit to."""
    places = [os.path.join(after.home, where, 'd', '*', '*.json')
              for where in ('public', 'private/sealed', 'private/quarantine')]
    found = [json.loads(read(path)) for place in places for path in glob.glob(place)]
    return {document['dispatch'] + '.age' for document in found if 'orig' in document}


def opens(after, index):
    path = os.path.join(after.where, f'{after.later}-{index}.mp4')
    after.do(['original', 'open', str(index), '--sheet', os.path.join(after.where, SHEET),
              '--output', path])
    if read(path) != read(untouched(after.bench)):
        raise Fault(f'the original of entry {index} is another clip')


class Keep(Checkin):
    """What an entry commits to is there, and opens; without the entry nothing is left."""
    name = 'post --keep-original'
    sample = 3

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', untouched(bench), '--no-poster', '--keep-original',
                      '--well', VISIBLE)

    def check(self, after):
        in_clear_nowhere(after)
        super().check(after)

    def stands(self, after, log):
        super().stands(after, log)
        if sealed_files(after) != committed(after):
            raise Fault(f'originals {sealed_files(after)}, committed to {committed(after)}')
        if log.size > self.before[0]:
            opens(after, self.before[0])

    def ends(self, after):
        in_clear_nowhere(after)
        if sealed_files(after) != committed(after):
            raise Fault('an original was lost or left over by one more check-in')


class KeepWaiting(Verb):
    """With covers on: it waits with its dispatch, and takes the slot with it."""
    name = 'post --keep-original, with covers'
    now, later = NOW + 600, NOW + 660
    only_full = True

    def arrange(self, bench, base):
        self.words = ('-C', 'home', 'post', untouched(bench), '--no-poster', '--keep-original',
                      '--publish', '3h', SECRET)
        bench.do(base, ['-C', 'home', 'settings', 'covers', 'every', '1h'], NOW)

    def check(self, after):
        in_clear_nowhere(after)
        super().check(after)

    def stands(self, after, log):
        if sealed_files(after):
            raise Fault('an original was put in place before its slot')
        after.do(['publish', '--due'], NOW + HOUR)
        if sealed_files(after) != committed(after):
            raise Fault(f'originals {sealed_files(after)}, committed to {committed(after)}')
        if after.answer and not sealed_files(after):
            raise Fault('an original that waited for a slot was lost')
        if sealed_files(after):
            opens(after, self.before[0])
        after.later = NOW + HOUR + 600

    def ends(self, after):
        in_clear_nowhere(after)


class PurgeOriginal(Purge):
    """A purge deletes the sealed original, too."""
    name = 'withdraw --purge, of an original'
    sample = 2

    def fill(self, bench, base):
        bench.do(base, ['-C', 'home', 'post', untouched(bench), '--no-poster', '--keep-original',
                        SECRET], NOW)

    def is_nowhere(self, after):
        super().is_nowhere(after)
        if sealed_files(after):
            raise Fault('the original of what was purged is still there')

    def ends(self, after):
        super().ends(after)
        if after.do(['show', '4']).get('purged_by') is None:
            opens(after, 4)


class OpenOriginal(Verb):
    """The clip is there as a whole under its name, or not at all."""
    name = 'original open'
    words = ('-C', 'home', 'original', 'open', '4', '--sheet', SHEET, '--output', OUT)
    sample = 2

    def arrange(self, bench, base):
        bench.do(base, ['-C', 'home', 'post', untouched(bench), '--no-poster', '--keep-original',
                        SECRET], NOW)

    def stands(self, after, log):
        path = os.path.join(after.where, OUT)
        if after.answer and not os.path.exists(path):
            raise Fault('an original was opened and is not there')
        if os.path.exists(path) and read(path) != read(untouched(after.bench)):
            raise Fault('half a clip has got its name')
        in_clear_nowhere(after)
        opens(after, 4)
