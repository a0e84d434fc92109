"""peers.py FOLDER: files about which readers of content credentials differ, and root.pem, the anchor
for all of them (docs/credentials-verdicts.md).
"""
import datetime
import os
import sys

from cryptography import x509
from cryptography.x509 import ocsp

import made
from made import Cert, Manifest, Ref, Signer, ec, plain

KEY, INTER_KEY, ROOT_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
ROOT = Cert('Root', ROOT_KEY, ca=True)
INTER = Cert('Inter', INTER_KEY, ROOT, ca=True, path=0)
LEAF = Cert('Leaf', KEY, INTER)
SIGNER = Signer(KEY, [LEAF, INTER])
SOURCE = made.CREATED['actions'][0]['digitalSourceType']
LABEL = 'urn:c2pa:a'


def reply(cert, issuer, key, status):
    """An OCSP reply of an hour ago."""
    now = datetime.datetime.utcfromtimestamp(made.NOW)
    day = datetime.timedelta(days=1)
    revoked = status == ocsp.OCSPCertStatus.REVOKED
    by = x509.load_der_x509_certificate(issuer.der)
    return ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(cert.der), issuer=by, algorithm=made.hashes.SHA1(),
        cert_status=status, this_update=now - day / 24, next_update=now + day,
        revocation_time=now - day if revoked else None, revocation_reason=None).responder_id(
            ocsp.OCSPResponderEncoding.NAME, by).sign(key, made.hashes.SHA256()).public_bytes(
                made.serialization.Encoding.DER)


def stapled(*args):
    return Signer(KEY, [LEAF, INTER], unprotected={'rVals': {'ocspVals': [reply(*args)]}})


def ingredient(binding, failures=(), **more):
    below = plain('urn:c2pa:b', SIGNER, binding)
    said = {'relationship': 'componentOf', 'activeManifest': Ref('/c2pa/urn:c2pa:b'),
            'claimSignature': Ref('/c2pa/urn:c2pa:b/c2pa.signature'), **more,
            'validationResults': {'activeManifest': {'success': [], 'informational': [], 'failure': [
                {'code': code, 'url': 'self#jumbf=/c2pa/urn:c2pa:b/c2pa.assertions/c2pa.actions.v2'}
                for code in failures]}}}
    return [below, plain(LABEL, SIGNER, binding, [('c2pa.ingredient.v3', said)])]


def labels_one(binding):
    one = plain(LABEL, SIGNER, binding, TWO)
    one.claim['created_assertions'] = [Ref('c2pa.hash.bmff.v3'), Ref('c2pa.actions.v2'), Ref('org.example.x')]
    return [one]


ONE = [('org.example.x', {'a': 1})]
TWO = ONE + [('org.example.x', {'a': 2})]
# Made once: the size of their signatures differs, and the places of boxes are hashed.
KNOWN = stapled(LEAF, INTER, INTER_KEY, ocsp.OCSPCertStatus.GOOD)
GONE = stapled(LEAF, INTER, INTER_KEY, ocsp.OCSPCertStatus.REVOKED)
GONE_ABOVE = stapled(INTER, ROOT, ROOT_KEY, ocsp.OCSPCertStatus.REVOKED)
METADATA = 'json:{"@context":{"new":"https://example.org/ns/"},"new:field":"x"}'
FILES = {
    'good': lambda b: [plain(LABEL, SIGNER, b)],
    'good-sha384': lambda b: [plain(LABEL, SIGNER, b, claim={'alg': 'sha384'}, said=True)],
    'good-sha512': lambda b: [plain(LABEL, SIGNER, b, claim={'alg': 'sha512'}, said=True)],
    'good-reply': lambda b: [plain(LABEL, KNOWN, b)],
    'ingredient-source': lambda b: ingredient(b, digitalSourceType=SOURCE),
    'recorded': lambda b: ingredient(b, ['assertion.action.malformed']),
    'metadata': lambda b: [plain(LABEL, SIGNER, b, [('c2pa.metadata', METADATA)])],
    'twice': lambda b: [plain(LABEL, SIGNER, b, ONE, listed=[Ref('org.example.x')])],
    'labels': lambda b: [plain(LABEL, SIGNER, b, TWO)],
    'labels-one': labels_one,
    'manifests': lambda b: [plain(LABEL, SIGNER, b, ONE), plain(LABEL, SIGNER, b)],
    'unbound': lambda b: [Manifest(LABEL, SIGNER, [('c2pa.actions.v2', made.CREATED)])],
    'revoked': lambda b: [plain(LABEL, GONE, b)],
    'inter-revoked': lambda b: [plain(LABEL, GONE_ABOVE, b)],
}

if __name__ == '__main__':
    with open(os.path.join(os.environ.get('STILLHERE_SHARED') or '../shared',
                           'vectors/c2pa/made-good/tiny.mp4'), 'rb') as file:
        clip = file.read()
    made.write(sys.argv[1], ROOT, ((name, made.whole(clip, make)) for name, make in FILES.items()))
