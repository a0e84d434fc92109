"""A strict reader of a finished file, for the tests alone: it knows what may be in it, and names all
else.  It shares no code with the program; a box, a field or a unit that is not listed is a find.
"""
import re
import struct

from mux import UNITY, boxes
from streams import bits_of, nals, obus

# Which boxes may lie in which, and how often at most.
TREE = {
    b'': {b'ftyp': 1, b'uuid': 1, b'moov': 1, b'mdat': 1},
    b'moov': {b'mvhd': 1, b'trak': 2},
    b'trak': {b'tkhd': 1, b'edts': 1, b'mdia': 1},
    b'edts': {b'elst': 1},
    b'mdia': {b'mdhd': 1, b'hdlr': 1, b'minf': 1},
    b'minf': {b'vmhd': 1, b'smhd': 1, b'dinf': 1, b'stbl': 1},
    b'dinf': {b'dref': 1},
    b'stbl': {b'stsd': 1, b'stts': 1, b'ctts': 1, b'stss': 1, b'stsc': 1, b'stsz': 1, b'stco': 1,
              b'co64': 1},
}
# Sample entries: what may stand in them.
PICTURE = {b'pasp': 1, b'clap': 1, b'colr': 1}
ENTRIES = {
    b'avc1': {b'avcC': 1, **PICTURE}, b'avc3': {b'avcC': 1, **PICTURE},
    b'hvc1': {b'hvcC': 1, **PICTURE}, b'hev1': {b'hvcC': 1, **PICTURE},
    b'av01': {b'av1C': 1, **PICTURE}, b'vp09': {b'vpcC': 1, **PICTURE},
    b'mp4a': {b'esds': 1}, b'Opus': {b'dOps': 1}, b'alac': {b'alac': 1},
}
SOUND = {b'mp4a', b'Opus', b'alac'}
BRANDS = {b'isom', b'iso2', b'iso4', b'iso5', b'iso6', b'mp41', b'mp42', b'avc1', b'av01', b'hvc1'}
SEI_SIZES = {6: range(1, 6), 137: {24}, 144: {4}, 147: {1}}


# Content credentials (C2PA 2.2 A.5.1): what goes before the store, and what may stand in it.
CREDENTIALS = bytes.fromhex('d8fec3d61b0e483c92975828877ec481') + bytes(4) + b'manifest\0' + bytes(8)
JUMBF = bytes.fromhex('00110010800000aa00389b71')  # behind the four letters of each type
ASSERTIONS = {b'c2pa.hash.bmff.v3': {'alg', 'hash', 'name', 'exclusions', 'merkle'},
              b'c2pa.ingredient.v3': {'relationship'}, b'c2pa.actions.v2': {'actions'},
              b'org.stillhere.dispatch': {'channel', 'dispatch'}}
ACTIONS = ['c2pa.opened', 'c2pa.transcoded', 'c2pa.edited.metadata', 'c2pa.repackaged']
CLAIM = {'alg', 'signature', 'instanceID', 'created_assertions', 'claim_generator_info'}


def cbor(data, at=0):
    """One value of definite length, and where it ends."""
    kind, low = data[at] >> 5, data[at] & 31
    at += 1
    if low in (24, 25, 26, 27):
        wide = 1 << (low - 24)
        low, at = int.from_bytes(data[at:at + wide], 'big'), at + wide
    if kind in (0, 1):
        return (low if kind == 0 else -1 - low), at
    if kind in (2, 3):
        text = data[at:at + low]
        return (text if kind == 2 else text.decode()), at + low
    if kind == 4:
        items = []
        for _ in range(low):
            value, at = cbor(data, at)
            items.append(value)
        return items, at
    if kind == 5:
        items = {}
        for _ in range(low):
            name, at = cbor(data, at)
            items[name], at = cbor(data, at)
        return items, at
    if kind == 6:
        return cbor(data, at)
    return {20: False, 21: True, 22: None}[low], at


class Walker:
    def __init__(self, data):
        self.data, self.finds, self.tracks = data, [], []

    def find(self, words):
        if words not in self.finds:
            self.finds.append(words)

    def zero(self, what, data):
        if data.strip(b'\0'):
            self.find(f'{what} is not zero: {data[:40]!r}')

    # ---- boxes ----

    def level(self, path, data, allowed):
        """Children of one box; bytes that are no box are a find."""
        at, seen = 0, {}
        while at < len(data):
            if at + 8 > len(data):
                self.find(f'{path}: {len(data) - at} bytes that are no box')
                break
            size, kind = struct.unpack('>I4s', data[at:at + 8])
            head = 8
            if size == 1 and kind == b'mdat':
                size, head = struct.unpack('>Q', data[at + 8:at + 16])[0], 16
            if size < head or at + size > len(data):
                self.find(f'{path}/{kind!r}: a box that does not fit')
                break
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] > allowed.get(kind, 0):
                self.find(f'{path}/{kind.decode("latin-1")}: a box that may not be here')
            else:
                yield kind, data[at + head:at + size]
            at += size

    def walk(self):
        for kind, body in self.level('', self.data, TREE[b'']):
            if kind == b'ftyp':
                brands = {body[i:i + 4] for i in range(8, len(body), 4)} | {body[:4]}
                if brands - BRANDS or body[4:8] != struct.pack('>I', 512):
                    self.find(f'ftyp {body!r}')
            elif kind == b'uuid':
                self.credentials(body)
            elif kind == b'moov':
                self.moov(body)
        return self.finds

    # ---- content credentials ----

    def credentials(self, body):
        """One manifest, signed by a key of the channel, with four assertions and no more."""
        if body[:len(CREDENTIALS)] != CREDENTIALS or self.data[36:40] != b'uuid':
            self.find('uuid: another box than that of credentials')
            return
        top = boxes(body[len(CREDENTIALS):])
        store = self.jumbf(top, b'c2pa', {b'c2pa'})
        parts = [inner for label, inner in store if label.startswith(b'urn:c2pa:')]
        if len(parts) != 1 or len(store) != 1:
            self.find('credentials: not one manifest')
            return
        found = dict(self.jumbf(parts[0], b'c2ma', None))
        if set(found) != {b'c2pa.assertions', b'c2pa.claim.v2', b'c2pa.signature'}:
            self.find(f'credentials: {sorted(found)}')
            return
        for label, inner in self.jumbf_parts(found[b'c2pa.assertions']):
            self.assertion(label, self.content(label, inner))
        self.claim(self.content('claim', found[b'c2pa.claim.v2']))
        self.signature(self.content('signature', found[b'c2pa.signature']))

    def jumbf(self, data, kind, labels):
        """The superboxes in the first one of these."""
        rows = data if isinstance(data, list) else boxes(data)
        if labels is not None:
            if len(rows) != 1 or rows[0][0] != b'jumb':
                self.find('credentials: not one JUMBF superbox')
                return []
            rows = boxes(rows[0][1])
        if rows[0][0] != b'jumd' or rows[0][1][:16] != kind + JUMBF or rows[0][1][16] != 3:
            self.find(f'credentials: {rows[0][1][:20]!r} where {kind!r} belongs')
        return self.jumbf_parts(rows)

    def jumbf_parts(self, data):
        rows = data if isinstance(data, list) else boxes(data)
        parts = []
        for kind, body in rows[1:]:
            inner = boxes(body)
            if kind != b'jumb' or inner[0][0] != b'jumd' or inner[0][1][16] != 3:
                self.find(f'credentials: {kind!r} {body[:40]!r}')
                continue
            parts.append((inner[0][1][17:].rstrip(b'\0'), inner))
        return parts

    def content(self, label, rows):
        if len(rows) != 2 or rows[1][0] != b'cbor':
            self.find(f'credentials: {label!r} is not one CBOR value')
            return {}
        value, end = cbor(rows[1][1])
        if end != len(rows[1][1]):
            self.find(f'credentials: {label!r} has bytes behind its value')
        return value

    def assertion(self, label, value):
        if label not in ASSERTIONS or set(value) - ASSERTIONS[label]:
            self.find(f'credentials: {label!r} {value!r}')
        elif label == b'c2pa.actions.v2':
            names = [action['action'] for action in value['actions']]
            if [name for name in ACTIONS if name in names] != names or any(
                    set(action) - {'action'} - ({'parameters'} if i == 0 else set())
                    for i, action in enumerate(value['actions'])):
                self.find(f'credentials: {value!r}')
        elif label == b'c2pa.ingredient.v3' and value != {'relationship': 'parentOf'}:
            self.find(f'credentials: {value!r}')
        elif label == b'org.stillhere.dispatch' and (
                not re.fullmatch('[a-z2-7]{52}', value['channel'])
                or not re.fullmatch('[0-9a-f]{64}', value['dispatch'])):
            self.find(f'credentials: {value!r}')

    def claim(self, value):
        info = value.get('claim_generator_info', {})
        if set(value) != CLAIM or set(info) != {'name', 'version'} or info['name'] != 'stillhere' \
                or not re.fullmatch(r'[0-9.]+', info['version']) \
                or not re.fullmatch(r'xmp:iid:[0-9a-f-]{36}', value['instanceID']):
            self.find(f'credentials: claim {value!r}')

    def signature(self, value):
        """No time, no token; one certificate that names the channel and nobody."""
        protected, _ = cbor(value[0])
        chain = protected.get(33)
        if set(protected) != {1, 33} or protected[1] != -7 or not isinstance(chain, bytes) \
                or value[2] is not None or len(value[3]) != 64 or set(value[1]) - {'pad'} \
                or any(part.strip(b'\0') for part in value[1].values()):
            self.find(f'credentials: signature {protected.keys()} {value[1]!r}')
        elif len(re.findall(rb'\x0c\x09stillhere', chain)) != 2 or \
                len(re.findall(rb'\x0c\x13[a-z2-7]{4}(-[a-z2-7]{4}){3}', chain)) != 2 or \
                len(re.findall(rb'\d{2}0101000000Z', chain)) != 2:
            self.find('credentials: a certificate of another kind')

    def moov(self, data):
        for kind, body in self.level('moov', data, TREE[b'moov']):
            if kind == b'mvhd':
                self.dated('mvhd', body)
                self.zero('mvhd: reserved', body[-74:-64])
                if body[-64:-28] != UNITY:
                    self.find('mvhd: its matrix')
                self.zero('mvhd: times of preview and selection', body[-28:-4])
            else:
                self.trak(body)

    def dated(self, what, body):
        self.zero(f'{what}: its dates', body[4:20] if body[0] else body[4:12])

    def trak(self, data):
        track = {'samples': []}
        for kind, body in self.level('trak', data, TREE[b'trak']):
            if kind == b'tkhd':
                self.dated('tkhd', body)
                number = struct.unpack('>I', body[20:24] if body[0] else body[12:16])[0]
                if number not in (1, 2):
                    self.find(f'tkhd: track number {number}')
                self.zero('tkhd: reserved', body[24:28] if body[0] else body[16:20])
                self.zero('tkhd: reserved, layer, group', body[-60:-48] + body[-46:-44])
                if body[-48:-46] not in (b'\0\0', b'\1\0'):
                    self.find('tkhd: its volume')
                self.matrix(body[-44:-8])
            elif kind == b'edts':
                list(self.level('edts', body, TREE[b'edts']))
            else:
                self.mdia(body, track)
        self.samples(track)

    def matrix(self, matrix):
        cells = struct.unpack('>9i', matrix)
        if any(c not in (0, 0x10000, -0x10000) for c in cells[:6]) or cells[8] != 0x40000000:
            self.find('tkhd: its matrix does more than turn')
        if any(c & 0xffff for c in cells[6:8]) or any(c >> 16 not in range(16385) for c in cells[6:8]):
            self.find('tkhd: its matrix moves the picture')

    def mdia(self, data, track):
        for kind, body in self.level('mdia', data, TREE[b'mdia']):
            if kind == b'mdhd':
                self.dated('mdhd', body)
                if body[-4:-2] != b'\x55\xc4':
                    self.find('mdhd: a language')
                self.zero('mdhd: reserved', body[-2:])
            elif kind == b'hdlr':
                track['handler'] = body[8:12]
                self.zero('hdlr: reserved or a name', body[4:8] + body[12:])
            else:
                self.minf(body, track)

    def minf(self, data, track):
        for kind, body in self.level('minf', data, TREE[b'minf']):
            if kind in (b'vmhd', b'smhd'):
                self.zero(f'{kind.decode()}: its fields', body[4:])
            elif kind == b'dinf':
                for _, dref in self.level('dinf', body, TREE[b'dinf']):
                    if dref != bytes(4) + struct.pack('>I', 1) + struct.pack('>I4sI', 12, b'url ', 1):
                        self.find(f'dref: {dref!r}')
            else:
                self.stbl(body, track)

    def stbl(self, data, track):
        tables = dict(self.level('stbl', data, TREE[b'stbl']))
        for kind, row in ((b'stts', 8), (b'ctts', 8), (b'stss', 4), (b'stsc', 12), (b'stco', 4),
                          (b'co64', 8)):
            if kind in tables and len(tables[kind]) != 8 + row * struct.unpack('>I', tables[kind][4:8])[0]:
                self.find(f'{kind.decode()}: bytes behind its rows')
        self.tables(tables, track)
        entries = boxes(tables[b'stsd'][8:])
        used = {r[2] for r in self.rows(tables[b'stsc'], '>III')}
        if used != set(range(1, len(entries) + 1)):
            self.find('stsd: a description that no sample uses')
        for kind, body in entries:
            self.entry(kind, body, track)

    @staticmethod
    def rows(body, form):
        size = struct.calcsize(form)
        return [struct.unpack(form, body[i:i + size]) for i in range(8, len(body) - size + 1, size)]

    def tables(self, tables, track):
        """The samples themselves; every row must count."""
        every, count = struct.unpack('>II', tables[b'stsz'][4:12])
        sizes = [every] * count if every else [
            struct.unpack('>I', tables[b'stsz'][i:i + 4])[0] for i in range(12, len(tables[b'stsz']), 4)]
        if len(sizes) != count:
            self.find('stsz: bytes behind its rows')
        for kind in (b'stts', b'ctts'):
            runs = self.rows(tables[kind], '>II') if kind in tables else [(count, 0)]
            if sum(r[0] for r in runs) != count or any(not r[0] for r in runs):
                self.find(f'{kind.decode()}: rows for other samples than there are')
        sync = [r[0] for r in self.rows(tables[b'stss'], '>I')] if b'stss' in tables else []
        if sync != sorted(set(sync)) or any(not 1 <= n <= count for n in sync):
            self.find('stss: rows for samples that are not there')
        places = self.rows(tables.get(b'stco') or tables[b'co64'], '>I' if b'stco' in tables else '>Q')
        runs = self.rows(tables[b'stsc'], '>III')
        if any(r[0] > len(places) for r in runs):
            self.find('stsc: rows for chunks that are not there')
        number = 0
        for chunk, (at,) in enumerate(places, 1):
            for _ in range(next(r[1] for r in reversed(runs) if r[0] <= chunk)):
                track['samples'].append((at, self.data[at:at + sizes[number]]))
                at += sizes[number]
                number += 1
        if number != count:
            self.find('stco: other chunks than samples')
        self.tracks.append(track)

    def entry(self, kind, body, track):
        track['codec'] = kind
        if kind not in ENTRIES:
            return self.find(f'stsd/{kind!r}')
        if kind in SOUND:
            head, fields = 28, [(0, 6), (8, 16), (20, 24)]
        else:
            head, fields = 78, [(0, 6), (8, 24), (36, 40), (42, 74)]
        for start, end in fields:
            self.zero(f'stsd/{kind.decode()}: fields {start} to {end}', body[start:end])
        for name, inner in self.level(f'stsd/{kind.decode()}', body[head:], ENTRIES[kind]):
            if name == b'avcC':
                self.avcc(inner, track)
            elif name == b'hvcC':
                self.hvcc(inner, track)
            elif name == b'av1C':
                self.obu_list(inner[4:], 'av1C', {1})
            elif name == b'vpcC' and (len(inner) != 12 or inner[10:].strip(b'\0')):
                self.find('vpcC: more than twelve bytes')
            elif name == b'dOps' and len(inner) != (11 if inner[10] == 0 else 13 + inner[1]):
                self.find('dOps: bytes behind its fields')
            elif name == b'alac' and len(inner) not in (28,):
                self.find('alac: bytes behind its fields')
            elif name == b'colr' and (inner[:4] != b'nclx' or len(inner) != 11
                                      or max(struct.unpack('>3H', inner[4:10])) > 255):
                self.find(f'colr: {inner!r}')
            elif name == b'esds':
                self.esds(inner)
            elif name == b'clap':
                self.clap(inner, body)
        return None

    def clap(self, inner, body):
        """An aperture inside of the picture, in fractions that a person would write."""
        wide, high = struct.unpack('>HH', body[24:28])
        cells = struct.unpack('>4IiIiI', inner)
        if cells[0] > wide * cells[1] or cells[2] > high * cells[3] or abs(cells[4]) > wide * cells[5] \
                or abs(cells[6]) > high * cells[7] or max(cells[1::2]) > 65536:
            self.find('clap: an aperture beside the picture')

    def esds(self, data):
        """ES, decoder, specific and SL descriptors, and none besides."""
        at, found, ends = 4, [], [len(data)]
        while at < len(data):
            kind, size = data[at], 0
            at += 1
            while True:
                size = size << 7 | data[at] & 0x7f
                at += 1
                if not data[at - 1] & 0x80:
                    break
            found.append(kind)
            if kind == 3:
                if data[at + 2]:
                    self.find('esds: a URL or a dependency')
                at += 3
            elif kind == 4:
                at += 13
            else:
                if kind == 5 and size > 5 and data[at] >> 3 != 5:
                    self.find(f'esds: {size} bytes of AudioSpecificConfig')
                at += size
        if found != [3, 4, 5, 6] or len(ends) != 1:
            self.find(f'esds: descriptors {found}')

    # ---- H.264 and HEVC ----

    def avcc(self, data, track):
        track['prefix'] = (data[4] & 3) + 1
        at = 5
        for mask in (31, 255):
            count = data[at] & mask
            at += 1
            for _ in range(count):
                size = struct.unpack('>H', data[at:at + 2])[0]
                self.avc_unit(data[at + 2:at + 2 + size], 'avcC')
                at += 2 + size
        rest = data[at:]
        if data[1] in (66, 77, 88) and rest or rest and (len(rest) < 4 or rest[3] == 0 and len(rest) > 4):
            self.find('avcC: bytes behind its fields')

    def hvcc(self, data, track):
        track['prefix'] = (data[21] & 3) + 1
        at = 23
        for _ in range(data[22]):
            kind, count = data[at] & 63, struct.unpack('>H', data[at + 1:at + 3])[0]
            if kind not in (32, 33, 34):
                self.find(f'hvcC: an array of NAL {kind}')
            at += 3
            for _ in range(count):
                size = struct.unpack('>H', data[at:at + 2])[0]
                self.hevc_unit(data[at + 2:at + 2 + size], 'hvcC')
                at += 2 + size
        if at != len(data):
            self.find('hvcC: bytes behind its arrays')

    def avc_unit(self, unit, where):
        kind = unit[0] & 31 if unit else 0
        if kind == 6:
            self.sei(unit[1:], where)
        elif kind not in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11):
            self.find(f'{where}: NAL {kind}')
        elif len(unit) > {9: 2, 10: 1, 11: 1}.get(kind, 1 << 32):
            self.find(f'{where}: NAL {kind} of {len(unit)} bytes')

    def hevc_unit(self, unit, where):
        kind = unit[0] >> 1 & 63 if len(unit) > 1 else 63
        layer = (unit[0] & 1) << 5 | unit[1] >> 3 if len(unit) > 1 else 0
        if layer:
            self.find(f'{where}: NAL of layer {layer}')
        elif kind in (39, 40):
            self.sei(unit[2:], where)
        elif kind not in (*range(10), *range(16, 22), *range(32, 38)):
            self.find(f'{where}: NAL {kind}')
        elif len(unit) > {35: 3, 36: 2, 37: 2}.get(kind, 1 << 32):
            self.find(f'{where}: NAL {kind} of {len(unit)} bytes')

    def sei(self, data, where):
        data, at = data.replace(b'\0\0\3', b'\0\0'), 0
        while at < len(data) and data[at:] != b'\x80':
            values = []
            for _ in range(2):
                value = 0
                while at < len(data) and data[at] == 255:
                    value, at = value + 255, at + 1
                value, at = value + (data[at] if at < len(data) else 0), at + 1
                values.append(value)
            if values[1] not in SEI_SIZES.get(values[0], ()):
                self.find(f'{where}: SEI message {values[0]} of {values[1]} bytes')
            at += values[1]
        if data[at:] != b'\x80':
            self.find(f'{where}: SEI without an end')

    # ---- samples ----

    def samples(self, track):
        codec = track.get('codec')
        for number, (_, sample) in enumerate(track['samples']):
            where = f'sample {number}'
            if codec in (b'avc1', b'avc3', b'hvc1', b'hev1'):
                units = self.units(sample, track.get('prefix', 4), where)
                for unit in units:
                    (self.avc_unit if codec[:3] == b'avc' else self.hevc_unit)(unit, 'a picture')
            elif codec == b'av01':
                self.obu_list(sample, 'a picture', {1, 2, 3, 4, 6, 7})
            elif codec == b'Opus':
                self.opus(sample)
            elif codec in (b'mp4a', b'alac'):
                self.elements(sample, codec)

    def units(self, sample, prefix, where):
        if prefix == 4:
            found = nals(sample)
            if sum(4 + len(u) for u in found) != len(sample) or not all(found):
                self.find(f'{where}: bytes behind its NAL units, or an empty one')
            return found
        found, at = [], 0
        while at < len(sample):
            size = int.from_bytes(sample[at:at + prefix], 'big')
            found.append(sample[at + prefix:at + prefix + size])
            at += prefix + size
        return found

    def obu_list(self, data, where, allowed):
        for kind, whole in obus(data):
            at = 2 if whole[0] & 4 else 1
            body = whole[at:]
            if whole[0] & 2:
                while body[0] & 0x80:
                    body = body[1:]
                body = body[1:]
            if kind == 5 and where != 'av1C':
                if body[:1] not in (b'\1', b'\2') or len(body) != {1: 6, 2: 26}[body[0]]:
                    self.find(f'{where}: a metadata OBU {body[:30]!r}')
            elif kind not in allowed:
                self.find(f'{where}: OBU {kind}')
            elif kind == 2 and body:
                self.find(f'{where}: a temporal delimiter that is not empty')

    def opus(self, packet):
        """RFC 6716 3.2.5: the padding of a packet of code 3."""
        if len(packet) < 2 or packet[0] & 3 != 3 or not packet[1] & 0x40:
            return
        at, size = 2, 0
        while packet[at] == 255:
            size, at = size + 254, at + 1
        size += packet[at]
        self.zero('Opus padding', packet[len(packet) - size:])

    def elements(self, frame, codec):
        """Data and fill elements before the first channel element."""
        bits, at = bits_of(frame[:4096]), 0
        while at + 3 <= len(bits):
            kind = int(bits[at:at + 3], 2)
            if kind not in (4, 6):
                return
            at += 3
            if kind == 4:
                align = bits[at + 4] == '1'
                size, at = int(bits[at + 5:at + 13], 2), at + 13
                if size == 255:
                    size, at = size + int(bits[at:at + 8], 2), at + 8
                at += -at % 8 if align else 0
                payload = bits[at:at + 8 * size]
            else:
                size, at = int(bits[at:at + 4], 2), at + 4
                if size == 15:
                    size, at = 14 + int(bits[at:at + 8], 2), at + 8
                payload = bits[at:at + 8 * size]
                if codec == b'mp4a' and payload[:4] in ('1101', '1110', '1011', '1100'):
                    payload = ''
            at += 8 * size
            filling = '0' * 8 + '10100101' * max(size - 1, 0)
            if '1' in payload and payload != filling:
                self.find(f'{codec.decode()}: an element {kind} before the sound with {size} bytes in it')


def finds(data):
    """What a file holds that it may not; a file that cannot be walked is a find too."""
    walker = Walker(data)
    try:
        return walker.walk()
    except (struct.error, KeyError, IndexError, StopIteration, ValueError) as error:
        return walker.finds + [f'the walker cannot read it: {error!r}']


# What a JPEG made of pixels alone holds: tables, one frame, one scan.
JPEG_PARTS = {0xdb, 0xc0, 0xc1, 0xc2, 0xc4, 0xdd, 0xda}


def picture_finds(data):
    """What a poster holds besides pixels: a segment of an application, a comment, a tail."""
    found, at = [], 2
    if data[:2] != b'\xff\xd8':
        return ['no JPEG']
    while at + 4 <= len(data) and data[at] == 0xff:
        kind, size = data[at + 1], struct.unpack('>H', data[at + 2:at + 4])[0]
        jfif = kind == 0xe0 and size == 16 and data[at + 4:at + 9] == b'JFIF\0' and data[at + 16:at + 18] == b'\0\0'
        if kind not in JPEG_PARTS and not jfif:
            found.append(f'segment {kind:02x} {data[at + 4:at + 30]!r}')
        at += 2 + size
        if kind == 0xda:
            end = data.find(b'\xff\xd9', at)
            return found + ([] if end + 2 == len(data) else ['bytes behind the end of the picture'])
    return found + ['no scan']
