"""The named samples: each a clip with one canary in one hiding place.

@sample(GROUP, NAME, WORDS) makes a row of docs/leaks.md.  Its function gets the bases (name to
Movie, fresh copies) and the canary, and returns a Movie or bytes; WORDS are what a person reads.
"""
import base64
import hashlib
import struct
import zlib

import streams
from mux import box, boxes, child, full, read
from streams import nals, obu, obus, sample_of, sei, unregistered

SAMPLES = []
XMP_UUID = bytes.fromhex('be7acfcb97a942e89c71999491e3afac')
C2PA_UUID = bytes.fromhex('d8fec3d61b0e483c92975828877ec481')
INSTA360 = b'8db42d694ccc418790edff439fe026bf'


class Canary:
    """What is hidden in one sample; all of it is unlike that of any other."""

    def __init__(self, name):
        seed = hashlib.sha256(b'canary ' + name.encode()).digest()
        self.name = name
        # Letters that an XML or a JSON writer leaves alone.
        self.text = ('Oleksandr-' + base64.b32encode(seed[:8]).decode().strip('=').lower()).encode()
        self.short = base64.b32encode(seed[8:13]).decode()[:8].encode()
        self.lat = 46.4 + int.from_bytes(seed[14:16], 'big') / 1e6 + 0.0007
        self.lon = 30.7 + int.from_bytes(seed[16:18], 'big') / 1e6 + 0.0003
        self.iso = f'{self.lat:+08.4f}{self.lon:+09.4f}'.encode()
        self.u32 = int.from_bytes(seed[20:24], 'big') & 0x7fffffff
        # A second of 2022 in the 1904 epoch, as a number of four bytes.
        self.time = 3728500000 + int.from_bytes(seed[24:26], 'big')
        self.dumped = []  # what ffprobe would say, where bytes are too short to search


class Sample:
    """One row: its canary, and how the clip is made."""

    def __init__(self, group, name, words, make, options):
        self.group, self.name, self.words, self.make = group, name, words, make
        self.ext = options.get('ext', '.mp4')
        self.transcode = options.get('transcode', False)
        self.file = options.get('file') or name + self.ext
        self.canary = Canary(name)

    def build(self, bases):
        made = self.make({k: v.copy() for k, v in bases.items()}, self.canary)
        return made if isinstance(made, bytes) else made.write()


def blank(movie):
    """Without the name of the encoder and its rates, so that a clip holds its canary alone."""
    for track in movie.tracks:
        head = 36 if track.handler == b'soun' else 86
        track.entries = [box(e[4:8], e[8:50] + bytes(32) + e[82:86] if head == 86 else e[8:head],
                             *[box(k, b) for k, b in boxes(e[head:]) if k not in (b'btrt', b'fiel')])
                         for e in track.entries]
    return movie


def sample(group, name, words, **options):
    def take(make):
        SAMPLES.append(Sample(group, name, words, make, options))
        return make
    return take


def simple(group, name, words, change, base='h264', **options):
    """A row whose clip is a base with one change, made in place."""
    def make(bases, c):
        movie = bases[base]
        change(movie, c)
        return movie
    sample(group, name, words, **options)(make)


def place(c):
    return c.iso + b'/'


def jpeg(c):
    """A small JPEG with Exif that says who."""
    exif = b'Exif\0\0II*\0\x08\0\0\0\1\0\x0e\x01\2\0' + struct.pack('<II', len(c.text) + 1, 26)
    exif += bytes(4) + c.text + b'\0'
    return (b'\xff\xd8\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif
            + b'\xff\xdb\0\x43\0' + bytes([16]) * 64 + b'\xff\xd9')


def xmp(c):
    return (b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            b'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            b'dc:source="' + c.text + b'" exif:GPSLatitude="' + f'{c.lat:.4f}'.encode()
            + b'"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')


# ---- user data ----

def user_data(*items):
    def change(movie, c):
        movie.moov += box(b'udta', *[item(c) for item in items])
    return change


def quicktime_text(kind, value):
    """QuickTime's own texts: length, language, characters."""
    return lambda c: box(kind, struct.pack('>HH', len(value(c)), 0x15c7), value(c))


def text_of(c):
    return c.text


USER = 'user data'
simple(USER, 'udta-xyz', 'udta/©xyz: the position (Android, QuickTime)',
       user_data(quicktime_text(b'\xa9xyz', place)))
simple(USER, 'udta-loci', 'udta/loci: the position in 3GPP\'s box',
       user_data(lambda c: full(b'loci', struct.pack('>H', 0x15c7), c.text, b'\0\0',
                                struct.pack('>iii', round(c.lon * 65536), round(c.lat * 65536), 0),
                                b'earth\0\0')))
simple(USER, 'udta-maker', 'udta/©mak ©mod ©swr: the phone and its software',
       user_data(*[quicktime_text(k, text_of) for k in (b'\xa9mak', b'\xa9mod', b'\xa9swr')]))
simple(USER, 'udta-day', 'udta/©day: the day in words',
       user_data(quicktime_text(b'\xa9day', lambda c: b'2022-02-24T05:30:12+0200 ' + c.short)))
simple(USER, 'udta-owner', 'udta/©aut ©cmt ©nam auth titl: the owner, a comment, a title',
       user_data(quicktime_text(b'\xa9aut', text_of), quicktime_text(b'\xa9cmt', text_of),
                 quicktime_text(b'\xa9nam', text_of),
                 lambda c: full(b'auth', struct.pack('>H', 0x15c7), c.text, b'\0'),
                 lambda c: full(b'titl', struct.pack('>H', 0x15c7),
                                '﻿'.encode('utf-16-be') + c.text.decode().encode('utf-16-be'),
                                b'\0\0')))
simple(USER, 'udta-gopro', 'udta/FIRM LENS CAME MUID GPMF: serial numbers and position of a GoPro',
       user_data(lambda c: box(b'FIRM', c.text), lambda c: box(b'LENS', c.text),
                 lambda c: box(b'CAME', c.text[-16:]), lambda c: box(b'MUID', c.text),
                 lambda c: box(b'GPMF', gpmf(c))))
simple(USER, 'udta-samsung', 'udta/SDLN smrd smta auth: what Samsung writes',
       user_data(lambda c: box(b'SDLN', b'SEQ_PLAY'), lambda c: box(b'smrd', b'TRUEBLUE'),
                 lambda c: box(b'smta', box(b'saut', c.text), box(b'mdln', c.text)),
                 lambda c: box(b'auth', c.text)))
simple(USER, 'udta-nikon', 'udta/NCDT: what Nikon writes, a position among it',
       user_data(lambda c: box(b'NCDT', box(b'NCTG', struct.pack('>IHH', 3, 2, len(c.text)), c.text))))
simple(USER, 'udta-dji', 'udta/©xsp ©fpt and others: speed and angles of a drone',
       user_data(quicktime_text(b'\xa9xsp', text_of), quicktime_text(b'\xa9fpt', text_of),
                 quicktime_text(b'\xa9uid', text_of)))
simple(USER, 'udta-thumbnail', 'udta/thmb and THM: a small picture with its own Exif',
       user_data(lambda c: box(b'thmb', jpeg(c)), lambda c: box(b'THM ', jpeg(c))))
simple(USER, 'udta-xmp', 'udta/XMP_', user_data(lambda c: box(b'XMP_', xmp(c))))
simple(USER, 'udta-chapters', 'udta/chpl: names of chapters',
       user_data(lambda c: full(b'chpl', struct.pack('>IB', 0, 1), bytes(8), bytes([len(c.text)]),
                                c.text, version=1)))
simple(USER, 'udta-hint', 'udta/hnti: what a streaming server would announce',
       user_data(lambda c: box(b'hnti', box(b'rtp ', b'sdp ', b'o=' + c.text + b' IN IP4'))))


def gpmf(c):
    """GoPro's own format: KLV, the position as scaled numbers."""
    def klv(key, kind, size, count, data):
        return key + struct.pack('>cBH', kind, size, count) + data + bytes(-len(data) % 4)
    stream = klv(b'SCAL', b'l', 4, 1, struct.pack('>i', 10000000))
    stream += klv(b'GPS5', b'l', 20, 1, struct.pack('>5i', round(c.lat * 1e7), round(c.lon * 1e7),
                                                    40000, 0, 0))
    stream += klv(b'DVNM', b'c', 1, len(c.text), c.text)
    body = klv(b'STRM', b'\0', 1, len(stream), stream)
    return klv(b'DEVC', b'\0', 1, len(body), body)


# ---- meta ----

META = 'metadata boxes'


def mdta(c, keys, quicktime=False):
    """meta with keys and ilst, as iPhones and Androids write it."""
    names = full(b'keys', struct.pack('>I', len(keys)), *[box(b'mdta', k) for k, _ in keys])
    items = box(b'ilst', *[box(struct.pack('>I', i + 1), box(b'data', struct.pack('>II', 1, 0), v))
                           for i, (_, v) in enumerate(keys)])
    body = full(b'hdlr', bytes(4), b'mdta', bytes(12), b'\0') + names + items
    return box(b'meta', body) if quicktime else full(b'meta', body)


def apple_keys(c):
    return [(b'com.apple.quicktime.location.ISO6709', place(c)),
            (b'com.apple.quicktime.location.accuracy.horizontal', b'4.7'),
            (b'com.apple.quicktime.make', b'Apple'), (b'com.apple.quicktime.model', c.text),
            (b'com.apple.quicktime.content.identifier', c.text),
            (b'com.apple.quicktime.creationdate', b'2022-02-24T05:30:12+0200')]


def android_keys(c):
    return [(b'com.android.version', b'12'), (b'com.android.manufacturer', c.text),
            (b'com.xiaomi.product.marketname', c.text)]


def ilst(c):
    items = [box(b'\xa9xyz', box(b'data', struct.pack('>II', 1, 0), place(c))),
             box(b'\xa9too', box(b'data', struct.pack('>II', 1, 0), c.text)),
             box(b'----', full(b'mean', b'org.example'), full(b'name', b'owner'),
                 box(b'data', struct.pack('>II', 1, 0), c.text)),
             box(b'covr', box(b'data', struct.pack('>II', 13, 0), jpeg(c)))]
    return full(b'meta', full(b'hdlr', bytes(4), b'mdir', b'appl', bytes(9)), box(b'ilst', *items))


@sample(META, 'meta-apple', 'moov/meta keys: com.apple.quicktime.location and the like', ext='.mov')
def meta_apple(bases, c):
    movie = bases['h264']
    movie.brands = b'qt  '
    movie.moov += mdta(c, apple_keys(c), quicktime=True)
    return movie


@sample(META, 'meta-versioned', 'the same with a version, as MP4 has it')
def meta_versioned(bases, c):
    movie = bases['h264']
    movie.moov += mdta(c, apple_keys(c))
    return movie


@sample(META, 'meta-android', 'moov/meta keys: com.android, com.xiaomi')
def meta_android(bases, c):
    movie = bases['h264']
    movie.moov += mdta(c, android_keys(c), quicktime=True)
    return movie


simple(META, 'meta-itunes', 'udta/meta/ilst: ©xyz, a name of its own, a cover', user_data(ilst))
simple(META, 'meta-track', 'trak/meta and trak/udta: keys and names of one track',
       lambda m, c: m.video.add('trak', mdta(c, apple_keys(c), quicktime=True), box(b'udta', box(b'name', c.text))))
simple(META, 'meta-file', 'meta at the top with an item and XML in it',
       lambda m, c: setattr(m, 'front', full(
           b'meta', full(b'hdlr', bytes(4), b'null', bytes(13)), full(b'xml ', xmp(c), b'\0'),
           box(b'idat', c.text))))
simple(META, 'meta-additional', 'moov/meco: additional metadata',
       lambda m, c: setattr(m, 'moov', box(b'meco', mdta(c, apple_keys(c)))))
simple(META, 'uuid-xmp', 'uuid with XMP behind the movie',
       lambda m, c: setattr(m, 'tail', box(b'uuid', XMP_UUID, xmp(c))))
simple(META, 'uuid-unknown', 'uuid of a vendor in moov, trak and stbl',
       lambda m, c: (setattr(m, 'moov', box(b'uuid', bytes(16), c.text)),
                     m.video.add('trak', box(b'uuid', bytes(16), c.text)),
                     m.video.add('stbl', box(b'uuid', bytes(16), c.text)))[:0])
simple(META, 'credentials', 'content credentials (C2PA) that came with the clip',
       lambda m, c: setattr(m, 'front', box(
           b'uuid', C2PA_UUID, bytes(4), b'manifest\0', bytes(8),
           box(b'jumb', box(b'jumd', bytes(16), b'\3c2pa\0'),
               box(b'json', b'{"author":"' + c.text + b'","exif:GPSLatitude":"'
                   + f'{c.lat:.4f}'.encode() + b'"}')))))
simple(META, 'protection', 'moov/pssh: data of a copy protection',
       lambda m, c: setattr(m, 'moov', full(b'pssh', bytes(16), struct.pack('>I', len(c.text)), c.text)))


# ---- fields of boxes that stay ----

FIELDS = 'fields of headers'


@sample(FIELDS, 'dates', 'mvhd, tkhd, mdhd: the second of filming')
def dates(bases, c):
    movie = bases['h264']
    movie.created = movie.modified = c.time
    for track in movie.tracks:
        track.created = track.modified = c.time
    return movie


@sample(FIELDS, 'language', 'mdhd and elng: the language of the phone')
def language(bases, c):
    movie = bases['h264']
    for track in movie.tracks:
        track.language = (ord('u') - 0x60) << 10 | (ord('k') - 0x60) << 5 | ord('r') - 0x60
        track.add('mdia', full(b'elng', b'uk-UA-x-' + c.short + b'\0'))
    c.dumped = ['"language": "ukr"']
    return movie


@sample(FIELDS, 'handler-name', 'hdlr: its name and its vendor')
def handler_name(bases, c):
    movie = bases['h264']
    for track in movie.tracks:
        track.name, track.hdlr_reserved = c.text + b'\0', c.short + bytes(4)
    return movie


@sample(FIELDS, 'compressor-name', 'stsd: the name of the encoder')
def compressor_name(bases, c):
    movie = bases['h264']
    movie.video.entries = [patched(movie.video.entries[0], 50,
                                   bytes([len(c.text)]) + c.text + bytes(31 - len(c.text)))]
    return movie


@sample(FIELDS, 'vendor-codes', 'stsd: reserved fields that QuickTime gives to vendors')
def vendor_codes(bases, c):
    movie = bases['h264']
    movie.video.entries = [patched(movie.video.entries[0], 20, c.short)]
    movie.audio.entries = [patched(movie.audio.entries[0], 20, c.short[:4])]
    return movie


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


simple(FIELDS, 'preview-times', 'mvhd: times of preview, poster, selection',
       lambda m, c: setattr(m, 'mvhd_times', c.short * 3))
simple(FIELDS, 'track-numbers', 'tkhd: the number of the track, layer, group, reserved',
       lambda m, c: (setattr(m.video, 'track_id', c.u32),
                     setattr(m.video, 'tkhd_reserved', c.short))[:0])
simple(FIELDS, 'brands', 'ftyp: a brand that only one maker has',
       lambda m, c: setattr(m, 'brands', b'isom' + c.short + b'mp41'))
simple(FIELDS, 'data-reference', 'dref: the path where the file once was',
       lambda m, c: setattr(m.video, 'dref', full(b'url ', b'file:///home/' + c.text + b'/clip.mp4\0',
                                                  flags=0)) or setattr(
           m.video, 'dref', full(b'url ', c.text + b'\0', flags=1)))
simple(FIELDS, 'media-header', 'vmhd and smhd: colour and balance that nobody uses',
       lambda m, c: (setattr(m.video, 'header', full(b'vmhd', c.short, flags=1)),
                     setattr(m.audio, 'header', full(b'smhd', c.short[:4])))[:0])
simple(FIELDS, 'matrix-shift', 'tkhd: where the picture would lie on a larger one',
       lambda m, c: setattr(m.video, 'matrix', struct.pack('>6I', 0x10000, 0, 0, 0, 0x10000, 0)
                            + c.short + struct.pack('>I', 0x40000000)))


# ---- boxes of tracks that are kept ----

BOXES = 'boxes of a kept track'


def in_stbl(*make):
    def change(movie, c):
        movie.video.add('stbl', *[m(c) for m in make])
    return change


simple(BOXES, 'sample-groups', 'stbl/sgpd sbgp: descriptions of groups of pictures',
       in_stbl(lambda c: full(b'sgpd', b'zzzz', struct.pack('>II', len(c.text), 1), c.text, version=1),
               lambda c: full(b'sbgp', b'zzzz', struct.pack('>III', 1, 1, 1))))
simple(BOXES, 'sample-sides', 'stbl/subs saiz saio: data beside the pictures, lying in mdat',
       lambda m, c: (in_stbl(lambda c: full(b'saiz', bytes([len(c.text)]), struct.pack('>I', 1)),
                             lambda c: full(b'saio', struct.pack('>II', 1, 48)),
                             lambda c: full(b'subs', struct.pack('>I', 1), struct.pack('>IH', 1, 0)))(m, c),
                     setattr(m, 'behind', c.text))[:0])
simple(BOXES, 'priorities', 'stbl/stdp padb sdtp cslg: numbers for each picture',
       in_stbl(lambda c: full(b'stdp', c.short * 6), lambda c: full(b'padb', struct.pack('>I', 45), c.text),
               lambda c: full(b'sdtp', c.short * 6), lambda c: full(b'cslg', c.short, c.short, c.short[:4])))
simple(BOXES, 'free-inside', 'free in trak, mdia, minf, stbl and in the sample description',
       lambda m, c: ([m.video.add(w, box(b'free', c.text)) for w in ('trak', 'mdia', 'minf', 'stbl')],
                     setattr(m.video, 'entries', [with_box(m.video.entries[0], box(b'free', c.text))]))[:0])
simple(BOXES, 'uuid-in-description', 'stsd/uuid: a vendor\'s box beside the decoder record',
       lambda m, c: setattr(m.video, 'entries', [with_box(m.video.entries[0],
                                                          box(b'uuid', bytes(16), c.text))]))
simple(BOXES, 'colour-profile', 'stsd/colr with an ICC profile that names its maker',
       lambda m, c: setattr(m.video, 'entries', [with_box(
           m.video.entries[0], box(b'colr', b'prof', icc(c)))]))
simple(BOXES, 'lens', 'stsd: fields of the lens and of 360-degree video (st3d, sv3d, hfov)',
       lambda m, c: setattr(m.video, 'entries', [with_box(
           m.video.entries[0], full(b'st3d', b'\0') + box(b'sv3d', full(b'svhd', c.text, b'\0'))
           + box(b'hfov', struct.pack('>I', c.u32)))]))
simple(BOXES, 'track-references', 'trak/tref, trgr, tapt: links between tracks',
       lambda m, c: (setattr(m.video, 'tref', box(b'tref', box(b'cdsc', struct.pack('>I', c.u32)))),
                     m.video.add('trak', box(b'trgr', full(b'msrc', struct.pack('>I', c.u32))),
                                 box(b'tapt', full(b'clef', c.short))))[:0])
simple(BOXES, 'loudness', 'moov/iods, trak/ludt: a URL and notes about the sound',
       lambda m, c: (setattr(m, 'moov', full(b'iods', b'\x10', bytes([len(c.text) + 2]), b'\0\x4f', c.text)),
                     m.audio.add('trak', box(b'ludt', full(b'tlou', c.text))))[:0])
simple(BOXES, 'copyright', 'trak/udta/cprt and kind: rights and roles of a track',
       lambda m, c: m.video.add('trak', box(b'udta', full(b'cprt', struct.pack('>H', 0x15c7), c.text, b'\0'),
                                            full(b'kind', b'urn:x:' + c.text + b'\0\0'))))
simple(BOXES, 'pixel-shape', 'stsd/clap: eight numbers that no player needs',
       lambda m, c: setattr(m.video, 'entries', [with_box(
           m.video.entries[0], box(b'clap', struct.pack('>8I', 160, 1, 96, 1, c.u32, 1, c.u32, 1)))]))


simple(BOXES, 'colour-numbers', 'stsd/colr nclx with numbers that are no colours',
       lambda m, c: setattr(m.video, 'entries', [with_box(m.video.entries[0], box(
           b'colr', b'nclx', c.short[:6], b'\0'))]))


def with_box(entry, more):
    return box(entry[4:8], entry[8:], more)


def icc(c):
    """The smallest profile: a header and one tag of text."""
    text = b'desc' + bytes(4) + struct.pack('>I', len(c.text) + 1) + c.text + b'\0' + bytes(78)
    body = struct.pack('>I', 1) + struct.pack('>4sII', b'desc', 144, len(text)) + text
    head = struct.pack('>I4sI4s4s4s', 128 + len(body), b'appl', 0x02100000, b'mntr', b'RGB ', b'XYZ ')
    head += bytes(12) + b'acsp' + bytes(128 - 24 - 12 - 4)
    return head + body


# ---- tracks ----

TRACKS = 'other tracks'


def plain_entry(kind, *more):
    return box(kind, bytes(6), struct.pack('>H', 1), *more)


def gps_text(c):
    return b'GPS(' + f'{c.lat:.4f},{c.lon:.4f}'.encode() + b',20) ' + c.text


def tx3g(c):
    return plain_entry(b'tx3g', bytes(30), box(b'ftab', struct.pack('>HHB', 1, 1, 5), b'Serif'))


def timed(text):
    return [struct.pack('>H', len(text)) + text] * 3


@sample(TRACKS, 'track-subtitle', 'a subtitle track (tx3g) with the position, as drones write it')
def track_subtitle(bases, c):
    movie = bases['h264']
    movie.add_track(b'sbtl', tx3g(c), timed(gps_text(c)))
    return movie


@sample(TRACKS, 'track-gopro', 'gpmd: the telemetry of a GoPro')
def track_gopro(bases, c):
    movie = bases['h264']
    track = movie.add_track(b'meta', plain_entry(b'gpmd', bytes(4)), [gpmf(c)] * 3)
    track.name = b'GoPro MET\0'
    track.header = box(b'gmhd', full(b'gmin', bytes(12)), box(b'gpmd', bytes(4)))
    return movie


@sample(TRACKS, 'track-street-view', 'camm: doubles of latitude and longitude (Google\'s format)')
def track_camm(bases, c):
    movie = bases['h264']
    position = struct.pack('<HHddd', 0, 5, c.lat, c.lon, 40.0)
    movie.add_track(b'camm', plain_entry(b'camm'), [position] * 3)
    return movie


@sample(TRACKS, 'track-iphone', 'mebx: timed metadata of an iPhone', ext='.mov')
def track_mebx(bases, c):
    movie = bases['h264']
    movie.brands = b'qt  '
    keys = box(b'keys', box(struct.pack('>I', 1), box(
        b'keyd', b'mdta', b'com.apple.quicktime.location.ISO6709'), box(b'dtyp', struct.pack('>II', 0, 1))))
    movie.add_track(b'meta', plain_entry(b'mebx', keys), [box(struct.pack('>I', 1), place(c) + c.text)] * 3)
    return movie


@sample(TRACKS, 'track-sony', 'rtmd: the telemetry of a Sony')
def track_sony(bases, c):
    movie = bases['h264']
    movie.add_track(b'meta', plain_entry(b'rtmd'), [bytes.fromhex('001c01000000') + c.text] * 3)
    return movie


@sample(TRACKS, 'track-canon', 'CTMD: the telemetry of a Canon')
def track_canon(bases, c):
    movie = bases['h264']
    movie.add_track(b'meta', plain_entry(b'CTMD'), [struct.pack('<IHH', 8 + len(c.text), 1, 0) + c.text] * 3)
    return movie


@sample(TRACKS, 'track-drone', 'djmd and dbgi: what a drone knows of its flight')
def track_drone(bases, c):
    movie = bases['h264']
    for kind in (b'djmd', b'dbgi'):
        movie.add_track(b'meta', plain_entry(kind), [b'\x0a' + bytes([len(c.text)]) + c.text
                                                     + struct.pack('<dd', c.lat, c.lon)] * 3)
    return movie


@sample(TRACKS, 'track-text-metadata', 'mett: metadata said to be text')
def track_mett(bases, c):
    movie = bases['h264']
    movie.add_track(b'meta', plain_entry(b'mett', b'\0', b'application/gpx+' + c.text + b'\0'),
                    [gps_text(c)] * 3)
    return movie


@sample(TRACKS, 'track-uri-metadata', 'urim: metadata named by a URI')
def track_urim(bases, c):
    movie = bases['h264']
    movie.add_track(b'meta', plain_entry(b'urim', full(b'uri ', b'urn:x:' + c.text + b'\0')), [c.text] * 3)
    return movie


@sample(TRACKS, 'track-chapters', 'a chapter track, with names of places', ext='.mov')
def track_chapters(bases, c):
    movie = bases['h264']
    movie.brands = b'qt  '
    entry = plain_entry(b'text', bytes(43), b'\0')
    track = movie.add_track(b'text', entry, timed(c.text))
    track.header = box(b'gmhd', full(b'gmin', bytes(12)))
    movie.video.tref = box(b'tref', box(b'chap', struct.pack('>I', len(movie.tracks))))
    return movie


@sample(TRACKS, 'track-time-code', 'tmcd: a time code is a clock; and the name of its reel', ext='.mov')
def track_time_code(bases, c):
    movie = bases['h264']
    movie.brands = b'qt  '
    entry = plain_entry(b'tmcd', struct.pack('>IIIIBB', 0, 0, 15, 1, 15, 0),
                        box(b'name', struct.pack('>HH', len(c.text), 0), c.text))
    track = movie.add_track(b'tmcd', entry, [struct.pack('>I', c.u32)])
    track.header = box(b'gmhd', full(b'gmin', bytes(12)), box(b'tmcd', full(
        b'tcmi', bytes(18), bytes([len(c.text)]), c.text)))
    movie.video.tref = box(b'tref', box(b'tmcd', struct.pack('>I', len(movie.tracks))))
    return movie


@sample(TRACKS, 'track-captions', 'wvtt, stpp, c608: captions')
def track_captions(bases, c):
    movie = bases['h264']
    movie.add_track(b'text', plain_entry(b'wvtt', box(b'vttC', b'WEBVTT\nNOTE ' + c.text)),
                    [box(b'vttc', box(b'payl', c.text))] * 3)
    movie.add_track(b'subt', plain_entry(b'stpp', b'http://www.w3.org/ns/ttml\0\0\0'),
                    [b'<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p>' + c.text
                     + b'</p></div></body></tt>'] * 3, header=full(b'sthd'))
    return movie


@sample(TRACKS, 'track-second-picture', 'a second video track of still pictures with Exif')
def track_second_picture(bases, c):
    movie = bases['h264']
    entry = box(b'jpeg', movie.video.entries[0][8:86])
    track = movie.add_track(b'vide', entry, [jpeg(c)] * 3, header=full(b'vmhd', bytes(8), flags=1))
    track.size = (160, 96)
    return movie


@sample(TRACKS, 'track-second-sound', 'a second sound track, with a name')
def track_second_sound(bases, c):
    movie = bases['h264']
    second = read(movie.write()).audio
    second.samples = [streams.in_front(s, streams.data_element(c.text, True)) if i == 3 else s
                      for i, s in enumerate(second.samples)]
    second.name = c.text + b'\0'
    movie.tracks.append(second)
    return movie


@sample(TRACKS, 'track-unknown', 'a track of a kind that nobody knows')
def track_unknown(bases, c):
    movie = bases['h264']
    movie.add_track(b'zzzz', plain_entry(b'zzzz', c.text), [c.text] * 3)
    return movie


# ---- bytes beside ----

BESIDE = 'bytes beside the clip'
simple(BESIDE, 'free', 'free, skip and wide at the top',
       lambda m, c: (setattr(m, 'front', box(b'free', c.text) + box(b'wide')),
                     setattr(m, 'between', box(b'skip', c.text)),
                     setattr(m, 'tail', box(b'free', c.text)))[:0])
simple(BESIDE, 'free-old-index', 'free with an older moov in it',
       lambda m, c: setattr(m, 'front', box(b'free', box(
           b'moov', box(b'udta', quicktime_text(b'\xa9xyz', place)(c))))))
simple(BESIDE, 'trailer', 'bytes behind the last box that are no box',
       lambda m, c: setattr(m, 'tail', b'\0\0\0' + c.text + place(c)))
simple(BESIDE, 'trailer-box', 'a box of an unknown kind behind the last one',
       lambda m, c: setattr(m, 'tail', box(b'zzzz', c.text)))
simple(BESIDE, 'trailer-insta360', 'the trailer of an Insta360',
       lambda m, c: setattr(m, 'tail', c.text + struct.pack('<d', c.lat) + bytes(30)
                            + struct.pack('<I', 120) + INSTA360))
simple(BESIDE, 'trailer-samsung', 'the trailer of a Samsung (SEFT)',
       lambda m, c: setattr(m, 'tail', c.text + b'SEFH' + struct.pack('<II', 107, 0)
                            + struct.pack('<I', 12) + b'SEFT'))
simple(BESIDE, 'dashcam', 'moov/gps and blocks "freeGPS" in mdat, as dashcams write them',
       lambda m, c: (setattr(m, 'moov', box(b'gps ', struct.pack('>IIII', 1, 1, 48, 64))),
                     setattr(m, 'gap', box(b'free', b'GPS ', struct.pack('<ff', c.lat, c.lon), c.text)))[:0])
simple(BESIDE, 'gaps', 'mdat: bytes between the samples and behind them',
       lambda m, c: (setattr(m, 'gap', c.text), setattr(m, 'behind', c.text))[:0])
simple(BESIDE, 'gaps-wide', 'the same in an mdat with a size of 64 bits',
       lambda m, c: (setattr(m, 'gap', c.text), setattr(m, 'wide', True))[:0])
simple(BESIDE, 'second-mdat', 'a second mdat that no track names',
       lambda m, c: setattr(m, 'between', box(b'mdat', c.text)))
simple(BESIDE, 'old-quicktime', 'no ftyp, but wide and pnot before the movie', ext='.mov',
       change=lambda m, c: (setattr(m, 'ftyp', False),
                            setattr(m, 'front', box(b'wide') + box(b'pnot', c.short)
                                    + box(b'PICT', c.text)))[:0])
simple(BESIDE, 'unused-description', 'a sample description that no sample uses',
       lambda m, c: m.video.entries.append(with_box(
           patched(m.video.entries[0], 50, c.text[:20]), box(b'zzzz', c.text))))
simple(BESIDE, 'unused-parameters', 'the parameter sets of a description that no sample uses',
       lambda m, c: m.video.entries.append(with_pps(m.video.entries[0], b'\x68\xce\x38\x80' + c.text)))
simple(BESIDE, 'unused-rows', 'rows of tables behind the last one that counts',
       lambda m, c: m.video.extra_rows.update(
           stts=[(0, c.u32)], stsz=[c.u32] * 2))
simple(BESIDE, 'unused-sync', 'stss: numbers of pictures that are not there (--transcode)', transcode=True,
       change=lambda m, c: m.video.sync.append(c.u32))
simple(BESIDE, 'unused-edits', 'edit lists: rows that show nothing (--transcode)', transcode=True,
       change=lambda m, c: m.video.edits.extend([(0, c.u32), (0, -1)]))
simple(BESIDE, 'compressed-index', 'moov compressed as a whole (cmov), a position in it (--transcode)',
       ext='.mov', transcode=True,
       change=lambda m, c: (setattr(m, 'brands', b'qt  '),
                            user_data(quicktime_text(b'\xa9xyz', place), quicktime_text(b'\xa9nam', text_of))(m, c),
                            setattr(m, 'wrap_moov', lambda moov: box(b'moov', box(
                                b'cmov', box(b'dcom', b'zlib'),
                                box(b'cmvd', struct.pack('>I', len(moov)), zlib.compress(moov))))))[:0])


def with_pps(entry, pps):
    """One more picture parameter set in the avcC of a sample entry."""
    kind, head, more = entry[4:8], entry[8:86], boxes(entry[86:])
    out = b''
    for name, body in more:
        if name == b'avcC':
            at = 6
            for _ in range(body[5] & 31):
                at += 2 + struct.unpack('>H', body[at:at + 2])[0]
            end = at + 1
            for _ in range(body[at]):
                end += 2 + struct.unpack('>H', body[end:end + 2])[0]
            body = (body[:at] + bytes([body[at] + 1]) + body[at + 1:end]
                    + struct.pack('>H', len(pps)) + pps + body[end:])
        out += box(name, body)
    return box(kind, head, out)


def behind_slice(unit, text):
    """A picture that is still decoded, with text behind its last coded bit."""
    return unit + b'\0\0\3\0\0\3' + text


@sample(BESIDE, 'trimmed-head', 'samples before the first that the edit list shows')
def trimmed_head(bases, c):
    movie = bases['h264']
    movie.video.samples = [sample_of([behind_slice(u, c.text) for u in nals(s)]) if i < 12 else s
                           for i, s in enumerate(movie.video.samples)]
    start = movie.video.timescale * 2 + (movie.video.offsets[30] if movie.video.offsets else 0)
    movie.video.edits = [(1000, start)]
    movie.audio.samples = [streams.before_end(s, streams.data_element(c.text, True, 0)) if i < 40 else s
                           for i, s in enumerate(movie.audio.samples)]
    movie.audio.edits = [(1000, 2 * 48000)]
    return movie


@sample(BESIDE, 'trimmed-tail', 'samples behind the last that the edit list shows')
def trimmed_tail(bases, c):
    movie = bases['h264']
    movie.video.samples = [sample_of([behind_slice(u, c.text) for u in nals(s)]) if i >= 33 else s
                           for i, s in enumerate(movie.video.samples)]
    movie.video.edits = [(1000, movie.video.offsets[0] if movie.video.offsets else 0)]
    movie.audio.samples = [streams.before_end(s, streams.data_element(c.text, True, 0)) if i > 100 else s
                           for i, s in enumerate(movie.audio.samples)]
    movie.audio.edits = [(1000, 1024)]
    return movie


# ---- the coded picture ----

H264 = 'inside of H.264'


def with_units(change, base='h264', every=5):
    """Each fifth picture's NAL units changed."""
    def make(movie, c):
        movie.video.samples = [sample_of(change(nals(s), c)) if i % every == 0 else s
                               for i, s in enumerate(movie.video.samples)]
    return make


def avc_sei(*messages):
    return with_units(lambda units, c: [sei(b'\6', *[m(c) for m in messages])] + units)


simple(H264, 'sei-unregistered', 'SEI user data, as encoders and phones write it',
       avc_sei(lambda c: unregistered(c.text)))
simple(H264, 'sei-utf16', 'the same in UTF-16, with a position as a double',
       avc_sei(lambda c: unregistered(c.text.decode().encode('utf-16-be') + struct.pack('>d', c.lat))))
simple(H264, 'sei-registered', 'SEI registered user data (T.35): captions, HDR10+, anything',
       avc_sei(lambda c: (4, b'\xb5\0\x31GA94\3' + c.text)))
simple(H264, 'sei-clock', 'SEI pic_timing: the clock of the camera',
       avc_sei(lambda c: (1, b'\x01' + c.short)))
simple(H264, 'sei-unknown', 'SEI of kinds that decoders skip',
       avc_sei(lambda c: (45, c.text), lambda c: (200, c.text), lambda c: (600, c.text)))
simple(H264, 'sei-long-recovery', 'SEI recovery_point that is longer than it can be',
       avc_sei(lambda c: (6, b'\xc4' + c.text)))
simple(H264, 'sei-mixed', 'a SEI with a message that stays and one that must go',
       avc_sei(lambda c: (6, b'\xc4'), lambda c: unregistered(c.text), lambda c: (144, b'\3\xe8\1\x90')))
simple(H264, 'sei-behind-end', 'bytes behind the end of a SEI',
       with_units(lambda units, c: [sei(b'\6', (6, b'\xc4')) + c.text] + units))
simple(H264, 'nal-filler', 'filler data (NAL 12)', with_units(lambda u, c: u + [b'\x0c' + c.text + b'\x80']))
simple(H264, 'nal-unspecified', 'NAL units 0, 13 to 31: unspecified, reserved, of other layers',
       with_units(lambda u, c: u + [bytes([k]) + c.text + b'\x80' for k in (0, 13, 17, 22, 24, 28, 31)]
                  + [b'\x6e\x80\0\x07' + c.text, b'\x13' + c.text, b'\x14\x80\0\x07' + c.text]))
simple(H264, 'nal-delimiter', 'an access unit delimiter that goes on',
       with_units(lambda u, c: [b'\x09\xf0' + c.text] + u))
simple(H264, 'nal-end', 'an end of sequence that goes on',
       lambda m, c: m.video.samples.__setitem__(44, m.video.samples[44]
                                                + sample_of([b'\x0a' + c.text, b'\x0b' + c.text])))
simple(H264, 'nal-behind-last', 'bytes behind the last NAL unit of a sample, and empty units',
       lambda m, c: setattr(m.video, 'samples', [
           s + bytes(4) + struct.pack('>I', len(c.text) + 1) + b'\x0c' + c.text if i % 5 == 0 else s
           for i, s in enumerate(m.video.samples)]))
simple(H264, 'parameters-in-band', 'parameter sets among the pictures, with bytes behind their end',
       lambda m, c: with_units(lambda u, c: [x + b'\0\0\3\0' + c.text for x in sets_of(m)] + u)(m, c))
simple(H264, 'parameters-extra', 'avcC: one more picture parameter set, which nothing names',
       lambda m, c: setattr(m.video, 'entries', [with_pps(m.video.entries[0],
                                                          b'\x68\x34\xe3\x88' + c.text + b'\x80')]))
simple(H264, 'parameters-long', 'avcC: bytes behind the end of the parameter sets',
       lambda m, c: setattr(m.video, 'entries', [longer_sets(m.video.entries[0], c.text)]))
simple(H264, 'record-sei', 'avcC: a SEI among the extensions of sequence parameter sets',
       lambda m, c: setattr(m.video, 'entries', [with_extension(
           m.video.entries[0], sei(b'\6', unregistered(c.text)))]))
simple(H264, 'record-extension', 'avcC: an extension of the sequence parameter set, full of text',
       lambda m, c: setattr(m.video, 'entries', [with_extension(m.video.entries[0],
                                                                b'\x6d\x8c' + c.text + b'\x80')]))
simple(H264, 'record-tail', 'avcC: bytes behind its last field',
       lambda m, c: setattr(m.video, 'entries', [changed_box(
           m.video.entries[0], b'avcC', lambda b: b[:len(b) - (4 if b[1] >= 100 else 0)]
           + b'\xfd\xf8\xf8\0' + c.text)]))


def short_lengths(movie, c):
    """NAL units with lengths of two bytes, a SEI among them."""
    avc_sei(lambda c: unregistered(c.text))(movie, c)
    movie.video.samples = [b''.join(struct.pack('>H', len(u)) + u for u in nals(s))
                           for s in movie.video.samples]
    movie.video.entries = [changed_box(movie.video.entries[0], b'avcC',
                                       lambda b: b[:4] + bytes([b[4] & 0xfc | 1]) + b[5:])]


def in_band(movie, c):
    """avc3: the parameter sets lie among the pictures, a SEI beside them."""
    units = sets_of(movie)
    movie.video.entries = [b''.join([struct.pack('>I', len(e)), b'avc3', e[8:]])
                           for e in movie.video.entries]
    movie.video.samples = [sample_of([*units, sei(b'\6', unregistered(c.text)), *nals(s)])
                           if i % 15 == 0 else s for i, s in enumerate(movie.video.samples)]


simple(H264, 'sei-long', 'SEI with a payload of more than 255 bytes, zeros in it',
       avc_sei(lambda c: unregistered(bytes(300) + c.text + bytes(3))))
simple(H264, 'sei-among-slices', 'SEI behind the picture and twice in one sample',
       with_units(lambda u, c: [sei(b'\6', (6, b'\xc4'))] + u + [sei(b'\x26', unregistered(c.text)),
                                                                sei(b'\6', unregistered(c.text))]))
simple(H264, 'nal-short-lengths', 'lengths of NAL units in two bytes', short_lengths)
simple(H264, 'parameters-avc3', 'avc3: parameter sets and SEI among the pictures', in_band)


def changed_box(entry, kind, change, head=86):
    out = b''
    for name, body in boxes(entry[head:]):
        out += box(name, change(body) if name == kind else body)
    return box(entry[4:8], entry[8:head], out)


def read_sets(body):
    """(sequence sets, picture sets, offset behind them) of an avcC."""
    at, found = 5, []
    for mask in (31, 255):
        sets, count = [], body[at] & mask
        at += 1
        for _ in range(count):
            size = struct.unpack('>H', body[at:at + 2])[0]
            sets.append(body[at + 2:at + 2 + size])
            at += 2 + size
        found.append(sets)
    return found[0], found[1], at


def avcc(head, sequences, pictures, rest):
    def put(sets):
        return b''.join(struct.pack('>H', len(s)) + s for s in sets)
    return (head + bytes([0xe0 | len(sequences)]) + put(sequences) + bytes([len(pictures)])
            + put(pictures) + rest)


def sets_of(movie):
    body = child(movie.video.entries[0][86:], b'avcC')
    sequences, pictures, _ = read_sets(body)
    return sequences + pictures


def longer_sets(entry, text):
    def change(body):
        sequences, pictures, at = read_sets(body)
        return avcc(body[:5], [s + b'\0\0\3\0' + text for s in sequences],
                    [s + b'\0\0\3\0' + text for s in pictures], body[at:])
    return changed_box(entry, b'avcC', change)


def with_extension(entry, unit):
    """A high profile record with one unit where extensions stand."""
    def change(body):
        sequences, pictures, _ = read_sets(body)
        head = body[:1] + b'\x64' + body[2:5]
        return avcc(head, sequences, pictures,
                    b'\xfd\xf8\xf8\1' + struct.pack('>H', len(unit)) + unit)
    return changed_box(entry, b'avcC', change)


HEVC = 'inside of HEVC'


def hevc_nal(kind, payload, layer=0):
    return bytes([kind << 1 | layer >> 5, (layer & 31) << 3 | 1]) + payload


def hevc_units(change):
    return with_units(change, every=1)


simple(HEVC, 'hevc-sei', 'SEI before and behind the picture',
       hevc_units(lambda u, c: [sei(hevc_nal(39, b''), unregistered(c.text))] + u
                  + [sei(hevc_nal(40, b''), unregistered(c.text))]), base='hevc')
simple(HEVC, 'hevc-hdr10plus', 'SEI registered user data: the light of each scene',
       hevc_units(lambda u, c: [sei(hevc_nal(39, b''), (4, b'\xb5\0\x3c\0\1\4\1' + c.text))] + u), base='hevc')
simple(HEVC, 'hevc-time-code', 'SEI time_code and pic_timing',
       hevc_units(lambda u, c: [sei(hevc_nal(39, b''), (136, c.text), (1, c.short))] + u), base='hevc')
simple(HEVC, 'hevc-dolby-vision', 'RPU and enhancement layer of Dolby Vision (NAL 62, 63), dvvC',
       lambda m, c: (hevc_units(lambda u, c: u + [hevc_nal(62, b'\x19' + c.text + b'\x80'),
                                                  hevc_nal(63, c.text + b'\x80')])(m, c),
                     setattr(m.video, 'entries', [with_box(m.video.entries[0], box(
                         b'dvvC', b'\1\0\x10\x15\x10', bytes(19)))]))[:0], base='hevc')
simple(HEVC, 'hevc-layers', 'a second layer (depth, the other eye)',
       hevc_units(lambda u, c: u + [hevc_nal(1, c.text + b'\x80', layer=1),
                                    hevc_nal(39, c.text, layer=3)]), base='hevc')
simple(HEVC, 'hevc-unspecified', 'NAL units 38 (filler) and 41 to 63: reserved, unspecified',
       hevc_units(lambda u, c: u + [hevc_nal(k, c.text + b'\x80') for k in (38, 41, 47, 48, 61)]), base='hevc')
simple(HEVC, 'hevc-delimiter', 'a delimiter and an end of sequence that go on',
       hevc_units(lambda u, c: [hevc_nal(35, b'\x50' + c.text)] + u
                  + [hevc_nal(36, c.text), hevc_nal(37, c.text)]), base='hevc')
simple(HEVC, 'hevc-record-sei', 'hvcC: SEI and unknown arrays in the decoder record',
       lambda m, c: setattr(m.video, 'entries', [changed_box(m.video.entries[0], b'hvcC', lambda b: with_arrays(
           b, [(39, [sei(hevc_nal(39, b''), unregistered(c.text))]), (48, [hevc_nal(48, c.text)])]))]),
       base='hevc')
simple(HEVC, 'hevc-record-long', 'hvcC: bytes behind the end of the parameter sets',
       lambda m, c: setattr(m.video, 'entries', [changed_box(
           m.video.entries[0], b'hvcC', lambda b: longer_arrays(b, c.text))]), base='hevc')


def with_arrays(body, more):
    out = body[:22] + bytes([body[22] + len(more)]) + body[23:]
    for kind, units in more:
        out += bytes([kind]) + struct.pack('>H', len(units))
        out += b''.join(struct.pack('>H', len(u)) + u for u in units)
    return out


def longer_arrays(body, text):
    out, at = body[:23], 23
    for _ in range(body[22]):
        count = struct.unpack('>H', body[at + 1:at + 3])[0]
        out, at = out + body[at:at + 3], at + 3
        for _ in range(count):
            size = struct.unpack('>H', body[at:at + 2])[0]
            unit = body[at + 2:at + 2 + size] + b'\0\0\3\0' + text
            out, at = out + struct.pack('>H', len(unit)) + unit, at + 2 + size
    return out


OTHER = 'inside of AV1 and VP9'


def av1_more(change):
    def make(movie, c):
        movie.video.samples = [b''.join(change([w for _, w in obus(s)], c))
                               for s in movie.video.samples]
    return make


simple(OTHER, 'av1-metadata', 'metadata OBUs: T.35, time code, unknown ones',
       av1_more(lambda u, c: u[:1] + [obu(5, b'\4\xb5\0\x3c' + c.text + b'\x80'),
                                      obu(5, b'\5' + c.short + b'\x80'),
                                      obu(5, b'\x1f' + c.text + b'\x80')] + u[1:]), base='av1')
simple(OTHER, 'av1-long-light', 'a metadata OBU of light levels that is longer than it can be',
       av1_more(lambda u, c: u[:1] + [obu(5, b'\1\3\xe8\1\x90' + c.text + b'\x80')] + u[1:]), base='av1')
simple(OTHER, 'av1-padding', 'padding OBUs and reserved ones',
       av1_more(lambda u, c: u + [obu(15, c.text + b'\x80'), obu(9, c.text), obu(8, c.text)]), base='av1')
simple(OTHER, 'av1-record', 'av1C: OBUs of the decoder record',
       lambda m, c: setattr(m.video, 'entries', [changed_box(
           m.video.entries[0], b'av1C', lambda b: b + obu(5, b'\4\xb5' + c.text + b'\x80')
           + obu(15, c.text + b'\x80'))]), base='av1')
simple(OTHER, 'av1-delimiter', 'a temporal delimiter that is not empty',
       av1_more(lambda u, c: [obu(2, c.text)] + u), base='av1')
simple(OTHER, 'av1-sequence', 'a sequence header that goes on',
       lambda m, c: setattr(m.video, 'samples', [b''.join(
           obu(1, w[2:] + c.text) if k == 1 else w for k, w in obus(s)) for s in m.video.samples]), base='av1')
simple(OTHER, 'av1-without-size', 'a metadata OBU at the end of a sample, without a size of its own',
       lambda m, c: setattr(m.video, 'samples', [s + bytes([5 << 3]) + b'\4\xb5\0\x3c' + c.text + b'\x80'
                                                 for s in m.video.samples]), base='av1')
simple(OTHER, 'vp9-record', 'vpcC: initialization data that VP9 has not',
       lambda m, c: setattr(m.video, 'entries', [changed_box(
           m.video.entries[0], b'vpcC', lambda b: b[:10] + struct.pack('>H', len(c.text)) + c.text)]),
       base='vp9')

# ---- the coded sound ----

SOUND = 'inside of the sound'


def with_frames(change):
    def make(movie, c):
        movie.audio.samples = [change(s, c) if i % 7 == 3 else s
                               for i, s in enumerate(movie.audio.samples)]
    return make


simple(SOUND, 'aac-data', 'AAC data_stream_element, in step with the bytes',
       with_frames(lambda s, c: streams.in_front(s, streams.data_element(c.text, True))))
simple(SOUND, 'aac-data-unaligned', 'the same, three bits beside the bytes, and two of them',
       with_frames(lambda s, c: streams.in_front(s, streams.data_element(c.text, False)
                                                 + streams.data_element(c.text * 12, False))))
simple(SOUND, 'aac-fill', 'AAC fill_element, where encoders write their name',
       with_frames(lambda s, c: streams.in_front(s, streams.fill_element(b'\0' + c.text))))
simple(SOUND, 'aac-fill-kinds', 'fill elements of reserved kinds and longer ones',
       with_frames(lambda s, c: streams.in_front(s, streams.fill_element(b'\x20' + c.text)
                                                 + streams.fill_element(b'\x10' + c.text)
                                                 + streams.fill_element(b'\x70' + c.text * 4))))
simple(SOUND, 'aac-program-element', 'a program_config_element with a comment among the sound',
       with_frames(lambda s, c: streams.in_front(s, program_element(c.text))))
simple(SOUND, 'aac-rates', 'esds: sizes and rates that nobody needs',
       lambda m, c: setattr(m.audio, 'entries', [changed_box(
           m.audio.entries[0], b'esds', lambda b: esds(child_config(b), rates=struct.pack('>II', c.u32, c.u32)),
           head=36)]))
simple(SOUND, 'quicktime-wave', 'wave: boxes beside the decoder record of QuickTime\'s sound', ext='.mov',
       change=lambda m, c: (setattr(m, 'brands', b'qt  '), setattr(m.audio, 'entries', [wave(
           m.audio.entries[0], c)]))[:0])
simple(SOUND, 'aac-program', 'AudioSpecificConfig: bytes behind it',
       lambda m, c: setattr(m.audio, 'entries', [changed_box(
           m.audio.entries[0], b'esds', lambda b: longer_config(b, c.text), head=36)]))
simple(SOUND, 'aac-comment', 'AudioSpecificConfig: the comment of a program_config_element (--transcode)',
       transcode=True, change=lambda m, c: setattr(m.audio, 'entries', [changed_box(
           m.audio.entries[0], b'esds', lambda b: esds(program_config(c.text)), head=36)]))
simple(SOUND, 'aac-descriptors', 'esds: descriptors of language and profile, a URL',
       lambda m, c: setattr(m.audio, 'entries', [changed_box(
           m.audio.entries[0], b'esds', lambda b: esds(child_config(b), tag(0x43, c.short)
                                                       + tag(0x15, c.text)), head=36)]))
simple(SOUND, 'opus-padding', 'padding of Opus packets',
       with_frames(lambda s, c: streams.padded_opus(s, c.text) if s[0] & 3 == 0 else s), base='opus')
simple(SOUND, 'opus-padding-long', 'the same, more of it than one length says',
       with_frames(lambda s, c: bytes([s[0] | 3, 0x41, 255, 46]) + s[1:] + bytes(277) + c.text
                   if s[0] & 3 == 0 else s), base='opus')
simple(SOUND, 'opus-record', 'dOps: bytes behind its last field; boxes with tags',
       lambda m, c: setattr(m.audio, 'entries', [with_box(changed_box(
           m.audio.entries[0], b'dOps', lambda b: b + c.text, head=36), box(b'OpTg', b'OpusTags' + c.text))]),
       base='opus')
simple(SOUND, 'alac-data', 'ALAC data and fill elements',
       with_frames(lambda s, c: streams.in_front(s, streams.data_element(c.text, True)
                                                 + streams.fill_element(c.text))), base='alac')
simple(SOUND, 'alac-record', 'alac: bytes behind the decoder\'s record',
       lambda m, c: setattr(m.audio, 'entries', [changed_box(
           m.audio.entries[0], b'alac', lambda b: b + c.text, head=36)]), base='alac')


def tag(kind, body):
    return bytes([kind, 0x80, 0x80, 0x80, len(body)]) + body


def child_config(body):
    """The AudioSpecificConfig of an esds as ffmpeg writes it."""
    at = body.index(b'\5\x80\x80\x80')
    return body[at + 5:at + 5 + body[at + 4]]


def esds(config, more=b'', rates=struct.pack('>II', 48000, 48000)):
    decoder = tag(4, b'\x40\x15' + bytes(3) + rates + tag(5, config))
    return bytes(4) + tag(3, b'\0\2\0' + decoder + tag(6, b'\2') + more)


def longer_config(body, text):
    return esds(child_config(body) + text)


def wave(entry, c):
    """A sound description of version 1 with its record in wave (QTFF "Sound Media")."""
    head, record = entry[8:36], child(entry[36:], b'esds')
    inner = box(b'frma', b'mp4a') + box(b'mp4a', bytes(4)) + box(b'esds', record)
    inner += box(b'chan', bytes(4), struct.pack('>II', 0x640001, 0)) + box(b'zzzz', c.text) + box(bytes(4))
    return box(b'mp4a', head[:8], b'\0\1', c.short[:2], c.short[2:6], head[16:],
               struct.pack('>IIII', 1024, 0, 0, 2), box(b'wave', inner))


def program_element(text):
    """ID_PCE with what the clip is, and a comment (14496-3 table 4.2)."""
    bits = '101' + '0000' + '01' + '0011' + '0001' + '0000' + '0000' + '00' + '000' + '0000' + '000'
    bits += '0' + '0000'
    bits += '0' * (-len(bits) % 8)
    return bits + f'{len(text):08b}' + streams.bits_of(text)


def program_config(text):
    """48 kHz, one front channel, and a comment."""
    bits = '00010' + '0011' + '0000' + '000'               # AAC LC, 48 kHz, no channel number
    bits += '0000' + '01' + '0011' + '0001' + '0000' + '0000' + '00' + '000' + '0000'
    bits += '0' + '0' + '0'                                # no mixdowns
    bits += '0' + '0000'                                   # one front element: a single channel
    bits += '0' * (-len(bits) % 8)
    return streams.bytes_of(bits + f'{len(text):08b}' + streams.bits_of(text))


# ---- fragments ----

FRAGMENTS = 'fragmented clips'


@sample(FRAGMENTS, 'fragments', 'boxes between fragments: emsg, prft, styp, sidx, uuid')
def fragments(bases, c):
    movie = bases['h264']
    event = full(b'emsg', b'urn:x:' + c.text + b'\0\0', struct.pack('>IIII', 1000, 0, 1, 1), c.text)
    clock = full(b'prft', struct.pack('>I', 1), c.short, bytes(8), version=1)
    return movie.write_fragmented(
        front=box(b'free', c.text), before=event + clock + box(b'uuid', bytes(16), c.text),
        inside=box(b'udta', c.text) + box(b'uuid', bytes(16), c.text),
        behind=box(b'mfra', full(b'mfro', struct.pack('>I', c.u32))),
        in_moov=box(b'udta', quicktime_text(b'\xa9xyz', place)(c)))


@sample(FRAGMENTS, 'fragments-sei', 'fragments with SEI in the pictures')
def fragments_sei(bases, c):
    movie = bases['h264']
    avc_sei(lambda c: unregistered(c.text))(movie, c)
    return movie.write_fragmented(in_moov=mdta(c, apple_keys(c)))


@sample(FRAGMENTS, 'fragments-unused', 'a track of fragments that is not kept')
def fragments_unused(bases, c):
    movie = bases['h264']
    track = movie.add_track(b'meta', plain_entry(b'gpmd'), [gpmf(c)] * 12)
    track.durations = [80] * 12
    return movie.write_fragmented()


# ---- clips of other sorts ----

SORTS = 'clips of other sorts, and what is not searched (--transcode)'


def encode(*_):
    """ffmpeg with these arguments, to a file with this ending: bytes.  The test puts it here."""
    raise NotImplementedError


def written(name, words, ext, arguments):
    """A row that ffmpeg makes of the base with a canary in its words."""
    def make(bases, c):
        return encode(bases['h264'].write(), arguments(c), ext)
    sample(SORTS, name, words, ext=ext, transcode=True)(make)


def words_of(c):
    text = c.text.decode()
    return [a for k in ('title', 'artist', 'comment', 'encoder', 'location')
            for a in ('-metadata', f'{k}={text}')]


written('matroska', 'MKV: tags of the file and of tracks', '.mkv',
        lambda c: ['-c', 'copy', *words_of(c), '-metadata:s:v', f'title={c.text.decode()}',
                   '-metadata', 'creation_time=2022-02-24T05:30:12Z'])
written('webm', 'WebM: tags, and comments of its sound', '.webm',
        lambda c: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libvorbis',
                   *words_of(c)])
written('avi', 'AVI: INFO', '.avi', lambda c: ['-c:v', 'mpeg4', '-c:a', 'libmp3lame', *words_of(c)])


@sample(SORTS, 'behind-picture', 'H.264: bytes behind the last coded bit of a picture', transcode=True)
def behind_picture(bases, c):
    movie = bases['h264']
    movie.video.samples = [sample_of([behind_slice(u, c.text) for u in nals(s)])
                           for s in movie.video.samples]
    return movie


@sample(SORTS, 'behind-sound', 'AAC: data and fill behind the channel elements', transcode=True)
def behind_sound(bases, c):
    movie = bases['h264']
    movie.audio.samples = [streams.before_end(s, streams.data_element(c.text, False)
                                              + streams.fill_element(b'\0' + c.text))
                           for s in movie.audio.samples]
    return movie


# ---- the file itself ----

@sample('the file itself', 'file-name', 'the name and the date of the file',
        file='IMG_20220224_053012_Oleksandr-q7zv.mp4')
def file_name(bases, c):
    c.text = b'20220224_053012_Oleksandr-q7zv'
    return bases['h264']

