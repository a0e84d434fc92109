"""Whole files with content credentials as a test wants them, right or wrong, written by hand: DER,
CBOR, COSE, JUMBF and the box that holds them.  No code of ours is used, and of others' only the
primitives of python3-cryptography.
"""
import base64
import hashlib
import os
import re
import struct
import sys
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../oracle'))
import c2pahash  # noqa: E402
from c2pahash import head  # noqa: E402

NOW = int(os.environ.get('STILLHERE_NOW') or time.time())
DAY = 86400

# ---- DER and certificates --------------------------------------------------------------------


def tlv(tag, *parts):
    body = b''.join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    raw = size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(raw)]) + raw + body


def seq(*parts):
    return tlv(0x30, *parts)


def oid(dotted):
    first, second, *rest = map(int, dotted.split('.'))
    out = b''
    for arc in [40 * first + second] + rest:
        piece = bytes([arc & 127])
        while arc > 127:
            arc >>= 7
            piece = bytes([128 | arc & 127]) + piece
        out += piece
    return tlv(6, out)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def bits(raw, unused=0):
    return tlv(3, bytes([unused]), raw)


def moment(seconds):
    return tlv(0x18, time.strftime('%Y%m%d%H%M%SZ', time.gmtime(seconds)).encode()) \
        if seconds >= 2524608000 else tlv(0x17, time.strftime('%y%m%d%H%M%SZ', time.gmtime(seconds)).encode())


def name(text):
    return seq(*(tlv(0x31, seq(oid(kind), tlv(12, part.encode())))
                 for kind, part in (('2.5.4.10', 'Trial'), ('2.5.4.3', text))))


def extension(dotted, value, critical=False):
    return seq(oid(dotted), *([tlv(1, b'\xff')] if critical else []), tlv(4, value))


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(key):
    return hashlib.sha1(key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        if isinstance(key, ec.EllipticCurvePrivateKey) else spki(key)).digest()


CLAIM, MAIL, STAMPS, OCSP = '1.3.6.1.4.1.62558.2.1', '1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.9'
ANY, SERVER = '2.5.29.37.0', '1.3.6.1.5.5.7.3.1'
ECDSA = {'md5': None, 'sha1': '1.2.840.10045.4.1', 'sha256': '1.2.840.10045.4.3.2'}
RSA = {'md5': '1.2.840.113549.1.1.4', 'sha1': '1.2.840.113549.1.1.5', 'sha256': '1.2.840.113549.1.1.11'}
HASHES = {'md5': hashes.MD5(), 'sha1': hashes.SHA1(), 'sha256': hashes.SHA256()}


def usages(*names):
    """KeyUsage of these, in the order of RFC 5280 4.2.1.3."""
    known = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement',
             'keyCertSign', 'cRLSign']
    value = sum(0x80 >> known.index(one) for one in names)
    unused = (value & -value).bit_length() - 1 if value else 0
    return extension('2.5.29.15', bits(bytes([value]), unused), True)


def basic(ca, path=None):
    return extension('2.5.29.19', seq(*([tlv(1, b'\xff')] if ca else []),
                                      *([integer(path)] if path is not None else [])), True)


def ekus(*ids, critical=False):
    return extension('2.5.29.37', seq(*map(oid, ids)), critical)


class Cert:
    """A certificate of key by issuer (itself when None); **how says what is unusual about it."""
    count = 4096

    def __init__(self, subject, key, issuer=None, **how):
        self.subject, self.key = how.get('name') or name(subject), key
        by = issuer or self
        hash_name = how.get('hash', 'sha256')
        table = ECDSA if isinstance(by.key, ec.EllipticCurvePrivateKey) else RSA
        algorithm = seq(oid(table[hash_name]), *([] if table is ECDSA else [tlv(5)]))
        Cert.count += 1
        body = [integer(Cert.count), algorithm, by.subject,
                seq(moment(how.get('since', NOW - DAY)), moment(how.get('until', NOW + 30 * DAY))),
                self.subject, spki(key)]
        if how.get('version', 3) > 1:
            body.insert(0, tlv(0xa0, integer(how.get('version', 3) - 1)))
        if how.get('unique'):
            body.append(tlv(0x81, b'\0', b'\1\2\3'))
        if how.get('version', 3) == 3:
            body.append(tlv(0xa3, seq(*self.extensions(by, issuer, how))))
        tbs = seq(*body)
        if isinstance(by.key, ec.EllipticCurvePrivateKey):
            signature = by.key.sign(tbs, ec.ECDSA(HASHES[hash_name]))
        else:
            signature = by.key.sign(tbs, padding.PKCS1v15(), HASHES[hash_name])
        if how.get('spoilt'):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        self.der = seq(tbs, algorithm, bits(signature))

    def extensions(self, by, issuer, how):
        if how.get('ca'):
            out = [basic(True, how.get('path')), usages(*how.get('usage', ['keyCertSign', 'cRLSign']))]
        else:
            out = [basic(False)]
            if how.get('usage', True):
                out.append(usages(*how.get('usage', ['digitalSignature'])))
        if how.get('basics') is not None:
            out[0] = how['basics']
        if how.get('eku', [] if how.get('ca') else [CLAIM, MAIL]):
            out.append(ekus(*how.get('eku', [CLAIM, MAIL]), critical=how.get('eku_critical', False)))
        out.append(extension('2.5.29.14', tlv(4, key_id(self.key))))
        aki = how.get('aki', key_id(by.key) if issuer else None)
        if aki:
            out.append(extension('2.5.29.35', seq(tlv(0x80, aki))))
        return out + how.get('more', [])


def pem(*certs):
    out = b''
    for one in certs:
        text = base64.b64encode(one.der)
        out += b'-----BEGIN CERTIFICATE-----\n' + b'\n'.join(text[i:i + 64] for i in range(0, len(text), 64)) \
            + b'\n-----END CERTIFICATE-----\n'
    return out


# ---- CBOR ------------------------------------------------------------------------------------


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


class Raw(bytes):
    """Bytes that stand as they are."""


class Ref:
    """A hashed URI: of an assertion of the same manifest, or with a "/" of a part made before."""

    def __init__(self, path, spoilt=False):
        self.path, self.spoilt = path, spoilt


def cbor(value, refer=None):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Ref):
        return cbor(refer(value))
    if value is None or isinstance(value, bool):
        return {None: b'\xf6', True: b'\xf5', False: b'\xf4'}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b''.join(cbor(one, refer) for one in value)
    if isinstance(value, dict):
        return head(5, len(value)) + b''.join(cbor(a) + cbor(b, refer) for a, b in value.items())
    if isinstance(value, Tag):
        return head(6, value.number) + cbor(value.value, refer)
    raise TypeError(value)


# ---- JUMBF -----------------------------------------------------------------------------------

TAIL = bytes.fromhex('00110010800000aa00389b71')


def box(kind, *parts):
    body = b''.join(parts)
    return struct.pack('>I', len(body) + 8) + kind.encode() + body


def superbox(kind, label, *parts):
    return box('jumb', box('jumd', kind.encode() + TAIL + b'\3' + label.encode() + b'\0'), *parts)


# ---- manifests -------------------------------------------------------------------------------

CREATED = {'actions': [{'action': 'c2pa.created', 'digitalSourceType':
                        'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture'}]}
EXCLUSIONS = [{'xpath': '/uuid', 'data': [{'offset': 8, 'value': c2pahash.C2PA}]}, {'xpath': '/ftyp'},
              {'xpath': '/mfra'}]


class Signer:
    """Who signs: key, the certificates in the file, and what is unusual about the signature."""

    def __init__(self, key, chain, alg=None, unprotected=None, header=None):
        self.key, self.chain = key, [one.der for one in chain]
        self.alg = alg or (-8 if isinstance(key, ed25519.Ed25519PrivateKey) else
                           -37 if isinstance(key, rsa.RSAPrivateKey) else
                           {256: -7, 384: -35, 521: -36}[key.curve.key_size])
        self.unprotected, self.header = unprotected or {}, header or {}

    def raw(self, message):
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        size = (self.key.curve.key_size + 7) // 8
        wanted = {32: hashes.SHA256(), 48: hashes.SHA384(), 66: hashes.SHA512()}[size]
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(wanted)))
        return r.to_bytes(size, 'big') + s.to_bytes(size, 'big')

    def cose(self, claim):
        chain = self.chain if len(self.chain) != 1 else self.chain[0]
        protected = cbor({1: self.alg, **({33: chain} if self.chain else {}), **self.header})
        signature = self.raw(cbor(['Signature1', protected, b'', claim]))
        return cbor(Tag(18, [protected, self.unprotected, None, signature]))


class Manifest:
    def __init__(self, label, signer, assertions, claim=None, listed=None, said=False):
        """said: each reference says its algorithm, as it must where the claim has another."""
        self.label, self.signer, self.assertions, self.said = label, signer, assertions, said
        self.claim, self.listed = claim or {}, listed or []

    def build(self, parts):
        """Its box; parts: URI -> hash of what is in the store so far."""
        base = f'/c2pa/{self.label}'

        def refer(ref):
            path = ref.path if ref.path.startswith('/') else f'{base}/c2pa.assertions/{ref.path}'
            url = path if ref.path.startswith('/') else f'c2pa.assertions/{ref.path}'
            known = parts.get(path, bytes(32))
            alg = {'alg': 'sha256'} if self.said else {}
            return {'url': f'self#jumbf={url}', 'hash': bytes([known[0] ^ ref.spoilt]) + known[1:], **alg}

        def note(path, made):
            parts.setdefault(base + path, hashlib.sha256(made[8:]).digest())
            return made

        assertions = b''
        for label, value in self.assertions:
            content = box('json', value[5:].encode()) if isinstance(value, str) else box('cbor', cbor(value, refer))
            kind = 'json' if isinstance(value, str) else 'cbor'
            assertions += note(f'/c2pa.assertions/{label}', superbox(kind, label, content))
        listed = [Ref(label) for label, _ in self.assertions] + self.listed
        claim = {'instanceID': 'xmp:iid:1', 'claim_generator_info': {'name': 'made'}, 'alg': 'sha256',
                 'signature': f'self#jumbf={base}/c2pa.signature', 'created_assertions': listed, **self.claim}
        raw = cbor({k: v for k, v in claim.items() if v is not None}, refer)
        signature = note('/c2pa.signature',
                         superbox('c2cs', 'c2pa.signature', box('cbor', self.signer.cose(raw))))
        return note('', superbox('c2ma', self.label, superbox('c2as', 'c2pa.assertions', assertions),
                                 superbox('c2cl', 'c2pa.claim.v2', box('cbor', raw)), signature))


def hash_of(data):
    """The flat hash of version 3 of a file, by our three exclusions."""
    roots, _ = c2pahash.boxes(data, 0, len(data))
    digest = hashlib.sha256()
    c2pahash.feed(digest, data, roots, c2pahash.numbers_of(roots), EXCLUSIONS)
    return digest.digest()


def put(clip, store):
    """The clip with the store behind ftyp; its tables of places are let be: nothing plays it."""
    end = struct.unpack_from('>I', clip)[0]
    body = c2pahash.C2PA + bytes(4) + b'manifest\0' + bytes(8) + store
    return clip[:end] + struct.pack('>I', len(body) + 8) + b'uuid' + body + clip[end:]


def whole(clip, make):
    """A file with the store of make(BINDING), a list of manifests, the active one last."""
    binding = {'exclusions': EXCLUSIONS, 'alg': 'sha256', 'hash': bytes(32), 'name': 'content'}

    def made():
        parts = {}
        return put(clip, superbox('c2pa', 'c2pa', *(one.build(parts) for one in make(binding))))

    binding['hash'] = hash_of(made())  # of the size that it will have
    return made()


def plain(label, signer, binding, more=(), **how):
    return Manifest(label, signer, [('c2pa.hash.bmff.v3', binding), ('c2pa.actions.v2', CREATED), *more], **how)


def write(folder, root, files):
    """The anchor as root.pem, and each (name, bytes) as NAME.mp4, words joined by "-"."""
    with open(os.path.join(folder, 'root.pem'), 'wb') as out:
        out.write(pem(root))
    for title, data in files:
        with open(os.path.join(folder, re.sub('[^A-Za-z0-9]+', '-', title) + '.mp4'), 'wb') as out:
            out.write(data)
