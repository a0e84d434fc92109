"""Every point of one verb: at each call a failure, at each moment a power cut."""
import copy
import os
import shutil
import types

import powercut
from after import After
from bench import Fault, answer_of, must

TWICE = 'twice'  # killed, and the next command is killed too
MODES = ('kill', 'torn', 'eio', 'enospc', TWICE)
NO_SYNC = 'fsync off'
KINDS = MODES + powercut.CUTS + (NO_SYNC,)
SECOND = 53  # the second kill comes at one of so many calls, or of fewer where there are fewer
ROOM = (powercut.CREATE, powercut.MKDIR, powercut.WRITE, powercut.TRUNCATE, powercut.LINK)
NAMES = (powercut.CREATE, powercut.MKDIR, powercut.RENAME, powercut.EXCHANGE, powercut.UNLINK,
         powercut.LINK)
SYNCS = (powercut.SYNC, powercut.SYNC_ALL)


class Tally:
    """What came of one kind of failure."""

    def __init__(self, kind, possible=0):
        self.kind, self.possible = kind, possible
        self.points, self.missed, self.faults = 0, 0, []

    def add(self, other):
        self.points += other.points
        self.missed += other.missed
        self.faults += other.faults
        self.possible = max(self.possible, other.possible)


class Breaker:
    """One verb, with its base and the journal of a run in which nothing failed."""

    def __init__(self, bench, verb, full):
        self.bench, self.verb, self.full, self.made = bench, verb, full, 0
        self.base = os.path.join(bench.scratch, f'base-{os.getpid()}-{type(verb).__name__}')
        verb.prepare(bench, self.base)
        where = self.begin()
        self.before = powercut.Disk(where)
        done, self.calls, _, used = bench.shimmed(where, verb, 'journal')
        must(done, verb.name)
        self.answer = answer_of(done[1])
        self.records = list(powercut.records(where + '.journal', used))
        os.unlink(where + '.journal')
        verb.check(After(bench, verb, where, self.answer))
        shutil.rmtree(where)

    def begin(self):
        self.made += 1
        where = f'{self.base}-{self.made}'
        shutil.copytree(self.base, where)
        return where

    def end(self):
        shutil.rmtree(self.base)

    # ---- which points ----

    def places(self, kind):
        """All that differ from each other: calls by number, or moments of the journal."""
        if kind in MODES:
            ops = {record[8] - 1: record[0] for record in self.records}
            if kind == 'torn':  # Half of a write.  Any other call as a whole is "kill" at the next.
                return [at for at in range(self.calls)
                        if ops.get(at, powercut.WRITE) in (powercut.WRITE, powercut.TRUNCATE)]
            if kind == 'enospc':  # Where none needs room, it happens at the next that does.
                return [at for at in range(self.calls) if ops.get(at, powercut.WRITE) in ROOM]
            return list(range(self.calls))
        # What survives changes with some records only.
        changing = {'strict': SYNCS, 'names': SYNCS + NAMES, NO_SYNC: NAMES}[kind]
        return [0] + [at + 1 for at, record in enumerate(self.records)
                      if record[0] in changing + (powercut.SAID,)]

    def chosen(self, kind):
        places = self.places(kind)
        count = self.verb.sample
        if kind == NO_SYNC:
            count = self.verb.no_sync_sample
        elif self.full:
            count = self.verb.full_sample or len(places)
        if len(places) <= count:
            return places
        # Most of them before the log is public: pages can be made again.
        border = self.border() if kind in MODES else self.border_record()
        early = [at for at in places if at <= border]
        late = [at for at in places if at > border]
        first = spread(early, max(2 * count // 3, count - len(late)), KINDS.index(kind))
        return first + spread(late, count - len(first), KINDS.index(kind))

    def border_record(self):
        """The last record before pages: a checkpoint became public, or everything did."""
        at = [i for i, record in enumerate(self.records)
              if record[0] == powercut.RENAME and record[6] in ('checkpoint', 'public', 'current')]
        return at[-1] + 2 if at else len(self.records)

    def border(self):
        record = self.border_record()
        return self.records[record][8] if record < len(self.records) else self.calls

    # ---- breaking ----

    def fault(self, kind, at, tally):
        where = self.begin()
        try:
            mode = 'kill' if kind == TWICE else kind
            (code, out, err), _, fired, _ = self.bench.shimmed(where, self.verb, mode, at)
            if not fired:
                tally.missed += 1
                return
            tally.points += 1
            if kind == TWICE:
                again = types.SimpleNamespace(words=self.verb.again(), now=self.verb.later)
                self.bench.shimmed(where, again, mode, at * 17 % SECOND)
            if kind in ('eio', 'enospc') and (code < 0 or code > 4):
                raise Fault(f'it ended by {code}: {err.strip()[-200:]}')
            if kind in ('eio', 'enospc') and code and not err.strip():
                raise Fault(f'exit {code} without a word')
            answer = answer_of(out) if code < 0 or code in self.verb.answers else None
            self.verb.check(After(self.bench, self.verb, where, answer))
        except (Fault, OSError, ValueError, LookupError) as fault:
            tally.faults.append(f'{kind} {at}: {fault!r}')
        finally:
            shutil.rmtree(where)

    def cut(self, kind, cut, at, tally):
        disk = copy.deepcopy(self.before)
        disk.syncs = kind != NO_SYNC
        for record in self.records[:at]:
            disk.apply(record)
        self.made += 1
        where = f'{self.base}-{self.made}'
        os.mkdir(where)
        tally.points += 1
        try:
            disk.survive(cut, where)
            self.verb.check(After(self.bench, self.verb, where,
                                  self.answer if disk.said else None))
        except (Fault, OSError, ValueError, LookupError) as fault:
            tally.faults.append(f'{kind} {at}: {fault!r}')
        finally:
            shutil.rmtree(where)

    def run(self, kind, shard=0, shards=1):
        places = self.places(kind)
        tally = Tally(kind, len(places))
        for at in self.chosen(kind)[shard::shards]:
            if kind in MODES:
                self.fault(kind, at, tally)
            elif kind in powercut.CUTS:
                self.cut(kind, kind, at, tally)
            else:
                self.cut(kind, 'names', at, tally)
        if kind == NO_SYNC and not shard:
            self.cut(kind, 'strict', len(self.records), tally)
            self.cut(kind, 'names', len(self.records), tally)
        return tally

    def list_calls(self):
        names = {value: name for name, value in vars(powercut).items() if isinstance(value, int)}
        for at, record in enumerate(self.records):
            op, inode, parent, other, offset, name, other_name, data = record[:8]
            yield (f'{self.verb.name} {record[8] - 1} (moment {at + 1}): {names[op]} {name} '
                   f'{other_name} in {parent} {other} inode {inode} at {offset}, {len(data)} bytes')


def spread(places, count, phase):
    """count of the places, evenly; each kind of failure begins elsewhere."""
    if count >= len(places):
        return places
    step = len(places) / max(count, 1)
    return [places[int((i + phase / len(KINDS)) * step)] for i in range(count)]
