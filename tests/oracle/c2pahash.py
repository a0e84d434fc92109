"""The hash of a file's content as C2PA 2.2 18.6 says, computed without any code of stillhere:
which boxes an exclusion list leaves out, the flat hash, Merkle trees over mdat and fragments.

    python3 c2pahash.py FILE      what the newest c2pa.hash.bmff assertion of FILE must say
"""
import hashlib
import struct
import sys

C2PA = bytes.fromhex('d8fec3d61b0e483c92975828877ec481')
# 14496-12: boxes that hold boxes only, and boxes with version and flags.
HOLDERS = b'moov trak edts mdia minf dinf stbl mvex moof traf mfra udta meta tref sinf rinf schi iprp ' \
          b'ipco meco strk strd gmhd'.split()
FULL = b'tkhd mvhd mdhd hdlr stco co64 tfhd trun tfdt stsd stts stsz stsc elst meta sidx emsg tfra mfro ' \
       b'iloc iinf uuid'.split()


class Box:
    def __init__(self, data, at, end, path):
        size, self.kind = struct.unpack_from('>I4s', data, at)
        self.head = 8
        if size == 1:
            size, self.head = struct.unpack_from('>Q', data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < self.head:
            raise ValueError('size')
        if at + size > end and (path or self.kind != b'mdat'):
            raise ValueError('end')
        self.data, self.at, self.end, self.path = data, at, min(at + size, end), path + [self.kind]

    @property
    def size(self):
        return self.end - self.at

    def bytes(self):
        return self.data[self.at:self.end]

    def children(self):
        if self.kind not in HOLDERS:
            return []
        at = self.at + self.head
        if self.kind == b'meta' and self.data[at + 4:at + 8] != b'hdlr':
            at += 4
        return boxes(self.data, at, self.end, self.path)[0]


def boxes(data, at, end, path=()):
    """The boxes between two places, and where the last that can be read ends."""
    found = []
    while end - at >= 8:
        try:
            box = Box(data, at, end, list(path))
        except (ValueError, struct.error):
            break
        found.append(box)
        at = box.end
    return found, at


def steps(xpath):
    """[(type, index or None)], or None for what is no path."""
    out = []
    text = xpath
    while text:
        if text[0] != '/' or len(text) < 5 or '/' in text[1:5]:
            return None
        try:
            kind = text[1:5].encode('latin-1')
        except UnicodeEncodeError:
            return None
        text, index = text[5:], None
        if text.startswith('['):
            number, close, text = text[1:].partition(']')
            if not close or not number.isascii() or not number.isdigit() or number[0] == '0':
                return None
            index = int(number)
        out.append((kind, index))
    return out if 0 < len(out) <= 16 else None


def fits(box, entry):
    raw = box.bytes()
    if entry.get('length') is not None and entry['length'] != len(raw):
        return False
    skip = box.head + (16 if box.kind == b'uuid' else 0)
    if entry.get('version') is not None or entry.get('flags') is not None:
        if box.kind not in FULL or len(raw) < skip + 4:
            return False
        if entry.get('version') is not None and raw[skip] != entry['version']:
            return False
        flags = entry.get('flags')
        if flags is not None:
            own = raw[skip + 1:skip + 4]
            if entry.get('exact') is False:
                own = bytes(a & b for a, b in zip(own, flags))
            if own != flags:
                return False
    return all(raw[d['offset']:d['offset'] + len(d['value'])] == d['value']
               and d['offset'] + len(d['value']) <= len(raw) for d in entry.get('data') or [])


def left_out(root, number, exclusions):
    """The places of the file that are left out of a box at the root, as a set of pairs."""
    out = []

    def look(box, depth, alive):
        """alive: entries whose steps so far led here."""
        deeper = []
        for entry, path in alive:
            if len(path) > depth + 1:
                deeper.append((entry, path))
            elif fits(box, entry):
                for run in entry.get('subset') or [{'offset': 0, 'length': 0}]:
                    start = min(run['offset'], box.size)
                    stop = box.size if not run['length'] else min(run['offset'] + run['length'], box.size)
                    out.append((box.at + start, box.at + stop))
        if not deeper:
            return
        count = {}
        for child in box.children():
            count[child.kind] = count.get(child.kind, 0) + 1
            look(child, depth + 1, [(e, p) for e, p in deeper if p[depth + 1][0] == child.kind
                                    and p[depth + 1][1] in (None, count[child.kind])])

    start = []
    for entry in exclusions:
        path = steps(entry['xpath'])
        if path and path[0][0] == root.kind and path[0][1] in (None, number):
            start.append((entry, path))
    look(root, 0, start)
    return out


def feed(digest, data, roots, numbers, exclusions, offsets=True):
    for root in roots:
        keep = bytearray(b'\1') * root.size
        for start, stop in left_out(root, numbers[root.at], exclusions):
            keep[start - root.at:stop - root.at] = bytes(max(0, stop - start))
        if not any(keep):
            continue
        if offsets:
            digest.update(struct.pack('>Q', root.at))
        raw = root.bytes()
        digest.update(bytes(b for b, k in zip(raw, keep) if k) if not all(keep) else raw)


def numbers_of(roots):
    count, out = {}, {}
    for root in roots:
        count[root.kind] = count.get(root.kind, 0) + 1
        out[root.at] = count[root.kind]
    return out


def flat(data, exclusions, alg='sha256', offsets=True, part=None):
    """The hash of all boxes, or of those in part (first, last)."""
    roots, end = boxes(data, 0, len(data))
    digest = hashlib.new(alg)
    numbers = numbers_of(roots)
    chosen = roots[part[0]:part[1]] if part else roots
    feed(digest, data, chosen, numbers, exclusions, offsets)
    if not part or part[1] in (None, len(roots)):
        digest.update(data[end:])  # what is no box
    return digest.digest()


def leaves(data, mdat, sizes, alg='sha256', skip=16):
    """Hashes of the blocks of the mdat with that number; sizes: one number, or a list."""
    box = [root for root in boxes(data, 0, len(data))[0] if root.kind == b'mdat'][mdat]
    at, out = min(box.at + skip, box.end), []
    if isinstance(sizes, int):
        sizes = [sizes] * (-(-(box.end - at) // sizes))
    for size in sizes:
        out.append(hashlib.new(alg, data[at:min(at + size, box.end)]).digest())
        at += size
    return out


def up(row, alg='sha256'):
    """The row above; an odd one at the end goes up as it is."""
    return [hashlib.new(alg, row[i] + row[i + 1]).digest() if i + 1 < len(row) else row[i]
            for i in range(0, len(row), 2)]


def proof(row, place, size, alg='sha256'):
    """The hashes that lead from a leaf to its node in the row of that size."""
    out = []
    while len(row) > size:
        if place ^ 1 < len(row):
            out.append(row[place ^ 1])
        row, place = up(row, alg), place // 2
    return out


# ---- CBOR: enough to read and write assertions --------------------------------------------------

def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, 'big')
    raise ValueError('number')


def dump(value):
    if value is None or isinstance(value, bool):
        return {None: b'\xf6', True: b'\xf5', False: b'\xf4'}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, (bytes, bytearray)):
        return head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        raw = value.encode()
        return head(3, len(raw)) + raw
    if isinstance(value, list):
        return head(4, len(value)) + b''.join(map(dump, value))
    return head(5, len(value)) + b''.join(dump(k) + dump(v) for k, v in value.items())


def load(raw, at=0):
    major, low = raw[at] >> 5, raw[at] & 31
    at += 1
    number = low
    if 24 <= low <= 27:
        size = 1 << (low - 24)
        number, at = int.from_bytes(raw[at:at + size], 'big'), at + size
    if major in (0, 1):
        return (number if major == 0 else -1 - number), at
    if major in (2, 3):
        part = raw[at:at + number]
        return (part if major == 2 else part.decode()), at + number
    if major == 4:
        out = []
        for _ in range(number):
            value, at = load(raw, at)
            out.append(value)
        return out, at
    if major == 5:
        out = {}
        for _ in range(number):
            key, at = load(raw, at)
            out[key], at = load(raw, at)
        return out, at
    if major == 6:
        return load(raw, at)
    return {20: False, 21: True}.get(low), at


# ---- the assertion of a signed file ----------------------------------------------------------------

def assertion(data):
    """(label, map) of the newest c2pa.hash.bmff in a file."""
    for root in boxes(data, 0, len(data))[0]:
        raw = root.bytes()
        if root.kind == b'uuid' and raw[8:24] == C2PA and raw[28:37] in (b'manifest\0', b'original\0'):
            at = raw.rindex(b'c2pa.hash.bmff')
            while raw[at - 20:at - 16] != b'jumd' and not raw[at - 17:at - 1].startswith(b'cbor'):
                at = raw.rindex(b'c2pa.hash.bmff', 0, at)
            stop = raw.index(b'\0', at)
            body = raw.index(b'cbor', stop) + 4
            return raw[at:stop].decode(), load(raw, body)[0]
    return None


def main():
    data = open(sys.argv[1], 'rb').read()
    label, said = assertion(data)
    alg = said.get('alg') or 'sha256'
    print(label)
    if said.get('hash'):
        own = flat(data, said['exclusions'], alg, label != 'c2pa.hash.bmff')
        print(own.hex(), own == said['hash'])
    for tree in said.get('merkle') or []:
        if tree.get('fixedBlockSize'):
            row = leaves(data, tree['localId'], tree['fixedBlockSize'], tree.get('alg') or alg)
            while len(row) > len(tree['hashes']):
                row = up(row)
            print('tree', tree['localId'], row == tree['hashes'])


if __name__ == '__main__':
    main()
