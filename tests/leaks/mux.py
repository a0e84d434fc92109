"""A small MP4 of ours, taken apart and put together again with something hidden in it.

read() takes a file as ffmpeg writes it; the Movie can be changed in any way, also in ways that no
encoder would choose; write() makes the file.  No code is shared with the program under test.
"""
import copy
import struct

CONTAINERS = {b'moov', b'trak', b'mdia', b'minf', b'stbl', b'edts', b'dinf'}
UNITY = struct.pack('>9I', 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind, *parts):
    body = b''.join(parts)
    return struct.pack('>I4s', 8 + len(body), kind) + body


def full(kind, *parts, version=0, flags=0):
    return box(kind, struct.pack('>I', version << 24 | flags), *parts)


def boxes(data):
    """[(kind, body)] of one level."""
    out, at = [], 0
    while at + 8 <= len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack('>Q', data[at + 8:at + 16])[0], 16
        size = size or len(data) - at
        out.append((kind, data[at + head:at + size]))
        at += size
    return out


def child(data, *path):
    for kind in path:
        data = next(body for found, body in boxes(data) if found == kind)
    return data


def rows(body, form, at=4):
    count = struct.unpack('>I', body[at:at + 4])[0]
    size = struct.calcsize(form)
    return [struct.unpack(form, body[at + 4 + size * i:at + 4 + size * (i + 1)]) for i in range(count)]


class Track:
    """One track: samples as bytes, and every field that may carry something."""

    def __init__(self, handler, timescale, entries, samples, durations):
        self.handler, self.timescale = handler, timescale
        self.entries = entries          # whole sample entries
        self.samples = samples
        self.durations = durations
        self.offsets = None             # ctts
        self.sync = None                # stss, from 1
        self.entry_of = [1] * len(samples)
        self.edits = []                 # (duration in the movie's scale, media time)
        self.size = (0, 0)
        self.created = self.modified = 0
        self.language = 0x55c4
        self.name = b'\0'
        self.header = None              # vmhd, smhd, ... whole
        self.dref = full(b'url ', flags=1)
        self.hdlr_reserved = bytes(12)
        self.tkhd_reserved = bytes(8)   # layer, alternate group, volume, reserved
        self.matrix = UNITY
        self.chunk = 5                  # samples of one
        self.inside = {}                # 'trak', 'mdia', 'minf', 'stbl' -> boxes to add
        self.tref = b''
        self.track_id = None
        self.extra_rows = {}            # 'stts', 'stsc', 'stsz', 'stco' -> rows behind the used ones

    def add(self, where, *more):
        self.inside[where] = self.inside.get(where, b'') + b''.join(more)

    def tables(self, places):
        """stbl; places[i] is the file offset of chunk i."""
        out = full(b'stsd', struct.pack('>I', len(self.entries)), *self.entries)
        more = self.extra_rows.get('stts', [])
        out += full(b'stts', struct.pack('>I', len(self.durations) + len(more)),
                    *[struct.pack('>II', 1, d) for d in self.durations],
                    *[struct.pack('>II', *r) for r in more])
        if self.offsets:
            out += full(b'ctts', struct.pack('>I', len(self.offsets)),
                        *[struct.pack('>II', 1, d & 0xffffffff) for d in self.offsets],
                        version=1 if min(self.offsets) < 0 else 0)
        if self.sync:
            out += full(b'stss', struct.pack('>I', len(self.sync)),
                        *[struct.pack('>I', n) for n in self.sync])
        runs = [(i + 1, len(c), self.entry_of[c[0]]) for i, c in enumerate(self.chunks())]
        runs += self.extra_rows.get('stsc', [])
        out += full(b'stsc', struct.pack('>I', len(runs)), *[struct.pack('>III', *r) for r in runs])
        more = self.extra_rows.get('stsz', [])
        out += full(b'stsz', struct.pack('>II', 0, len(self.samples)),
                    *[struct.pack('>I', len(s)) for s in self.samples],
                    *[struct.pack('>I', n) for n in more])
        places = places + self.extra_rows.get('stco', [])
        out += full(b'stco', struct.pack('>I', len(places)), *[struct.pack('>I', p) for p in places])
        return box(b'stbl', out, self.inside.get('stbl', b''))

    def chunks(self):
        numbers = list(range(len(self.samples)))
        return [numbers[i:i + self.chunk] for i in range(0, len(numbers), self.chunk)]

    def trak(self, number, movie_scale, places):
        whole = sum(self.durations)
        shown = sum(e[0] for e in self.edits) or whole * movie_scale // self.timescale
        out = full(b'tkhd', struct.pack('>IIIII', self.created, self.modified, number, 0, shown),
                   bytes(8), self.tkhd_reserved, self.matrix,
                   struct.pack('>II', self.size[0] << 16, self.size[1] << 16), flags=3)
        if self.edits:
            out += box(b'edts', full(b'elst', struct.pack('>I', len(self.edits)),
                                     *[struct.pack('>IiI', d, t, 0x10000) for d, t in self.edits]))
        out += self.tref
        hdlr = full(b'hdlr', bytes(4), self.handler, self.hdlr_reserved, self.name)
        mdhd = full(b'mdhd', struct.pack('>IIIIHH', self.created, self.modified, self.timescale,
                                         whole, self.language, 0))
        minf = box(b'minf', self.header, box(b'dinf', full(b'dref', struct.pack('>I', 1), self.dref)),
                   self.tables(places), self.inside.get('minf', b''))
        return box(b'trak', out, box(b'mdia', mdhd, hdlr, minf, self.inside.get('mdia', b'')),
                   self.inside.get('trak', b''))


class Movie:
    """Tracks and what lies around them."""

    def __init__(self):
        self.tracks = []
        self.timescale = 1000
        self.created = self.modified = 0
        self.mvhd_times = bytes(24)     # preview, poster, selection, current time
        self.brands = b'isomiso2mp41'
        self.front = b''                # behind ftyp
        self.between = b''              # between mdat and moov
        self.tail = b''                 # behind moov
        self.moov = b''                 # boxes at the end of moov
        self.gap = b''                  # bytes of mdat before each chunk
        self.behind = b''               # bytes of mdat behind the last chunk
        self.wide = False               # mdat with a 64-bit size
        self.ftyp = True
        self.wrap_moov = None           # a function of the finished moov

    def copy(self):
        return copy.deepcopy(self)

    @property
    def video(self):
        return next(t for t in self.tracks if t.handler == b'vide')

    @property
    def audio(self):
        return next(t for t in self.tracks if t.handler == b'soun')

    def add_track(self, handler, entry, samples, header=None, track_id=None):
        track = Track(handler, 1000, [entry], samples, [1000 // len(samples)] * len(samples))
        track.header = header or full(b'nmhd')
        track.track_id = track_id
        self.tracks.append(track)
        return track

    def mvhd(self):
        longest = max(sum(t.durations) * self.timescale // t.timescale for t in self.tracks)
        return full(b'mvhd', struct.pack('>IIIIIH', self.created, self.modified, self.timescale,
                                         longest, 0x10000, 0x100), bytes(10), UNITY, self.mvhd_times,
                    struct.pack('>I', len(self.tracks) + 1))

    def number(self, index):
        return self.tracks[index].track_id or index + 1

    def write(self):
        head = (box(b'ftyp', b'isom', struct.pack('>I', 512), self.brands) if self.ftyp else b'')
        head += self.front
        start = len(head) + (16 if self.wide else 8)
        payload, places = b'', [[] for _ in self.tracks]
        queues = [(i, t.chunks()) for i, t in enumerate(self.tracks)]
        for turn in range(max(len(c) for _, c in queues)):
            for i, chunks in queues:
                if turn >= len(chunks):
                    continue
                payload += self.gap
                places[i].append(start + len(payload))
                payload += b''.join(self.tracks[i].samples[n] for n in chunks[turn])
        payload += self.behind
        if self.wide:
            mdat = struct.pack('>I4sQ', 1, b'mdat', 16 + len(payload)) + payload
        else:
            mdat = box(b'mdat', payload)
        traks = [t.trak(self.number(i), self.timescale, places[i]) for i, t in enumerate(self.tracks)]
        moov = box(b'moov', self.mvhd(), *traks, self.moov)
        if self.wrap_moov:
            moov = self.wrap_moov(moov)
        return head + mdat + self.between + moov + self.tail

    def write_fragmented(self, front=b'', before=b'', inside=b'', behind=b'', in_moov=b''):
        """An init segment and one moof with its mdat for every ten samples of each track."""
        traks = []
        for i, track in enumerate(self.tracks):
            empty = copy.copy(track)
            empty.samples, empty.durations, empty.offsets, empty.sync = [], [], None, None
            empty.edits = []
            traks.append(empty.trak(i + 1, self.timescale, []))
        trex = b''.join(full(b'trex', struct.pack('>5I', i + 1, 1, 0, 0, 0))
                        for i in range(len(self.tracks)))
        out = box(b'ftyp', b'iso5', struct.pack('>I', 512), b'iso5iso6mp41') + front
        out += box(b'moov', self.mvhd(), *traks, box(b'mvex', trex), in_moov)
        done, number = [0] * len(self.tracks), 0
        times = [0] * len(self.tracks)
        while any(done[i] < len(t.samples) for i, t in enumerate(self.tracks)):
            number += 1
            out += before + self._fragment(number, done, times, inside)
        return out + behind

    def _fragment(self, number, done, times, inside):
        parts = []
        for i, track in enumerate(self.tracks):
            first, last = done[i], min(done[i] + 10, len(track.samples))
            if first == last:
                continue
            entries = b''
            for n in range(first, last):
                sync = not track.sync or n + 1 in track.sync
                entries += struct.pack('>IIIi', track.durations[n], len(track.samples[n]),
                                       0x02000000 if sync else 0x01010000,
                                       track.offsets[n] if track.offsets else 0)
            parts.append((i, times[i], last - first, entries, b''.join(track.samples[first:last])))
            times[i] += sum(track.durations[first:last])
            done[i] = last

        def moof(size):
            out, at = full(b'mfhd', struct.pack('>I', number)), size + 8
            for i, time, count, entries, data in parts:
                out += box(b'traf', full(b'tfhd', struct.pack('>I', i + 1), flags=0x20000),
                           full(b'tfdt', struct.pack('>Q', time), version=1),
                           full(b'trun', struct.pack('>Ii', count, at), entries, version=1,
                                flags=0xf01))
                at += len(data)
            return box(b'moof', out, inside)

        return moof(len(moof(0))) + box(b'mdat', *[p[4] for p in parts])


def read(data):
    """A Movie from a plain MP4."""
    movie = Movie()
    moov = child(data, b'moov')
    movie.timescale = struct.unpack('>I', child(moov, b'mvhd')[12:16])[0]
    for kind, trak in boxes(moov):
        if kind != b'trak':
            continue
        mdia = child(trak, b'mdia')
        stbl = child(mdia, b'minf', b'stbl')
        mdhd = child(mdia, b'mdhd')
        found = dict(boxes(stbl))
        sizes = read_sizes(found[b'stsz'])
        samples = read_samples(data, found, sizes)
        durations = [d for n, d in rows(found[b'stts'], '>II') for _ in range(n)]
        entries = [box(k, b) for k, b in boxes(found[b'stsd'][8:])]
        track = Track(child(mdia, b'hdlr')[8:12], struct.unpack('>I', mdhd[12:16])[0], entries,
                      samples, durations)
        if b'ctts' in found:
            track.offsets = [d for n, d in rows(found[b'ctts'], '>Ii') for _ in range(n)]
        if b'stss' in found:
            track.sync = [r[0] for r in rows(found[b'stss'], '>I')]
        track.size = tuple(v >> 16 for v in struct.unpack('>II', child(trak, b'tkhd')[76:84]))
        track.header = next(box(k, b) for k, b in boxes(child(mdia, b'minf'))
                            if k in (b'vmhd', b'smhd'))
        if any(k == b'edts' for k, _ in boxes(trak)):
            elst = child(trak, b'edts', b'elst')
            track.edits = [(d, t) for d, t, _ in rows(elst, '>IiI')]
        movie.tracks.append(track)
    return movie


def read_sizes(stsz):
    every, count = struct.unpack('>II', stsz[4:12])
    return [every] * count if every else [r[0] for r in rows(stsz, '>I', 8)]


def read_samples(data, found, sizes):
    places = [r[0] for r in (rows(found[b'co64'], '>Q') if b'co64' in found
                             else rows(found[b'stco'], '>I'))]
    runs = rows(found[b'stsc'], '>III')
    samples, number = [], 0
    for chunk, at in enumerate(places, 1):
        count = next(r[1] for r in reversed(runs) if r[0] <= chunk)
        for _ in range(count):
            samples.append(data[at:at + sizes[number]])
            at += sizes[number]
            number += 1
    return samples
