#!/usr/bin/python3
"""Helpers of sign.sh that use no code of ours: look into a signed file, make odd ones.

    hash FILE       "match" when the flat hash (and trees) of FILE's own claim are those of its bytes
    boxes FILE      types and sizes of its root boxes
    samples FILE    SHA-256 of the begin of every chunk that stco and co64 name, as one hash
    text FILE       what of the manifest is text, for grep
    tables FILE     how many places are named with 32 bits, and with 64
    far IN OUT      IN with a hole behind ftyp, so that its last chunk lies just before 4 GiB
"""
import hashlib
import mmap
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'oracle'))
from c2pahash import load  # noqa: E402

C2PA = bytes.fromhex('d8fec3d61b0e483c92975828877ec481')


def boxes(data, at=0, end=None):
    end = len(data) if end is None else end
    while end - at >= 8:
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack('>Q', data[at + 8:at + 16])[0], 16
        elif size == 0:
            size = end - at
        yield kind, at, at + head, at + size
        at += size


def superboxes(data, at, end):
    """label, type, content boxes of each jumb box."""
    for kind, begin, body, stop in boxes(data, at, end):
        if kind != b'jumb':
            continue
        inner = list(boxes(data, body, stop))
        _, _, first, last = inner[0]
        label = data[first + 17:last].split(b'\0')[0].decode()
        yield label, data[first:first + 4], (inner[0][3], stop), (body, stop)


def store(data):
    for kind, at, body, end in boxes(data):
        if kind == b'uuid' and data[body:body + 16] == C2PA:
            purpose = data[body + 20:].split(b'\0', 1)[0]
            if purpose in (b'manifest', b'original'):
                begin = body + 20 + len(purpose) + 1 + 8
                return begin, begin + struct.unpack('>I', data[begin:begin + 4])[0]
    sys.exit('no manifest')


def active(data):
    begin, end = store(data)
    (_, _, content, _), = superboxes(data, begin, end)
    return list(superboxes(data, *content))[-1]


def binding(data):
    _, _, content, _ = active(data)
    for label, _, inner, _ in superboxes(data, *content):
        if label == 'c2pa.assertions':
            for name, _, parts, _ in superboxes(data, *inner):
                if name.startswith('c2pa.hash.bmff'):
                    kind, _, body, end = next(boxes(data, *parts))
                    return load(data[body:end])[0]
    sys.exit('no hash')


def mapped(path):
    with open(path, 'rb') as source:
        return mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)


def sha(data):
    return hashlib.sha256(data).digest()


def check_hash(path):
    data = mapped(path)
    said = binding(data)
    paths = [entry['xpath'] for entry in said['exclusions']]
    trees = said.get('merkle', [])
    assert paths == ['/uuid', '/ftyp', '/mfra'] + (['/mdat'] if trees else []), paths
    flat = hashlib.sha256()
    mdats = []
    for kind, at, body, end in boxes(data):
        if kind in (b'ftyp', b'mfra') or kind == b'uuid' and data[at + 8:at + 24] == C2PA:
            continue
        flat.update(struct.pack('>Q', at))
        stop = end
        if trees and kind == b'mdat':
            mdats.append((at + 16, end))
            stop = min(end, at + 16)
        flat.update(data[at:stop])
    if flat.digest() != said['hash']:
        return 'flat differs'
    for tree, (at, end) in zip(trees, mdats, strict=True):
        size = tree['fixedBlockSize']
        leaves = [sha(data[i:min(i + size, end)]) for i in range(at, end, size)]
        if leaves != tree['hashes'] or tree['count'] != len(leaves):
            return 'tree differs'
    return 'match'


def tables(data, at, end, path=()):
    for kind, _, body, stop in boxes(data, at, end):
        if kind in (b'moov', b'trak', b'mdia', b'minf', b'stbl'):
            yield from tables(data, body, stop)
        elif kind in (b'stco', b'co64'):
            count, = struct.unpack('>I', data[body + 4:body + 8])
            width = 4 if kind == b'stco' else 8
            for i in range(count):
                row = body + 8 + i * width
                yield int.from_bytes(data[row:row + width], 'big'), row, width


def samples(path):
    data = mapped(path)
    total = hashlib.sha256()
    ends = [end for kind, _, _, end in boxes(data) if kind == b'mdat']
    for at, _, _ in tables(data, 0, len(data)):
        total.update(data[at:min([at + 64] + [end for end in ends if end > at])])
    return total.hexdigest()


def widths(path):
    data = mapped(path)
    found = [width for _, _, width in tables(data, 0, len(data))]
    return f'{found.count(4)} {found.count(8)}'


def far(path, out):
    with open(path, 'rb') as source:
        data = bytearray(source.read())
    ftyp = next(boxes(data))[3]
    hole = (1 << 32) - 100 - max(at for at, _, _ in tables(data, 0, len(data)))
    for at, row, width in list(tables(data, 0, len(data))):
        data[row:row + width] = (at + hole).to_bytes(width, 'big')
    with open(out, 'wb') as made:
        made.write(data[:ftyp] + struct.pack('>I4s', hole, b'mdat'))
        made.seek(ftyp + hole)
        made.write(data[ftyp:])
    return os.path.getsize(out)


def main():
    verb, path = sys.argv[1:3]
    if verb == 'hash':
        print(check_hash(path))
    elif verb == 'samples':
        print(samples(path))
    elif verb == 'tables':
        print(widths(path))
    elif verb == 'far':
        print(far(path, sys.argv[3]))
    elif verb == 'boxes':
        data = open(path, 'rb').read()
        print(' '.join(kind.decode('latin-1') for kind, *_ in boxes(data)))
    elif verb == 'text':
        data = open(path, 'rb').read()
        begin, end = store(data)
        sys.stdout.write(''.join(chr(c) if 32 <= c < 127 else '\n' for c in data[begin:end]))


main()
