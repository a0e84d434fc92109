#!/usr/bin/python3
"""A time-stamp authority on loopback, for tests: OpenSSL makes the stamps.

usage: tsa.py serve DIR        makes an authority in DIR (ca.pem), prints the port, serves
       tsa.py token FILE DIR   the token in a signed file and what it must be of: DIR/token.der,
                               DIR/message.bin (C2PA 2.2 10.3.2.5: sigTst2)
       tsa.py earlier FILE DIR the same of the tokens of earlier manifests (18.17), as
                               DIR/token0.der, DIR/message0.bin, ...; prints how many

What it answers depends on the path: /tsa as it should, /rejects with a refusal, /other with a
stamp of something else, /again with its first answer, /damaged with a signature that does not
hold, /page with a page, /fails with status 503, /big with more than anybody wants.
"""
import http.server
import os
import subprocess
import sys

CONFIG = '''[ tsa ]
default_tsa = ours
[ ours ]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[ req ]
distinguished_name = dn
prompt = no
[ dn ]
CN = none
[ authority ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[ stamps ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
'''
# SEQUENCE { SEQUENCE { 2 (rejection), SEQUENCE { "not today" } } }
REFUSAL = bytes.fromhex('30123010020102300b0c09') + b'not today'


def openssl(folder, *words, data=None):
    done = subprocess.run(['openssl', *words], cwd=folder, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f'openssl {" ".join(words)}: {done.stderr.decode()}')
    return done.stdout


def make(folder):
    with open(os.path.join(folder, 'tsa.cnf'), 'w', encoding='ascii') as out:
        out.write(CONFIG)
    for name in ('ca', 'tsa'):
        openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out',
                f'{name}.key')
    openssl(folder, 'req', '-x509', '-new', '-config', 'tsa.cnf', '-key', 'ca.key', '-subj',
            '/CN=test time authority', '-days', '3000', '-extensions', 'authority', '-out',
            'ca.pem')
    openssl(folder, 'req', '-new', '-config', 'tsa.cnf', '-key', 'tsa.key', '-subj',
            '/CN=test time stamps', '-out', 'tsa.csr')
    openssl(folder, 'x509', '-req', '-in', 'tsa.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
            '-set_serial', '7', '-days', '2900', '-extfile', 'tsa.cnf', '-extensions', 'stamps',
            '-out', 'tsa.pem')
    with open(os.path.join(folder, 'serial'), 'w', encoding='ascii') as out:
        out.write('01\n')


class Authority(http.server.BaseHTTPRequestHandler):
    folder = None
    first = None

    def log_message(self, *_):
        pass

    def stamp(self, query):
        with open(os.path.join(self.folder, 'query.tsq'), 'wb') as out:
            out.write(query)
        return openssl(self.folder, 'ts', '-reply', '-config', 'tsa.cnf', '-queryfile',
                       'query.tsq')

    def reply(self, query):
        if self.path == '/rejects':
            return REFUSAL
        if self.path == '/other':
            return self.stamp(openssl(self.folder, 'ts', '-query', '-data', 'tsa.cnf', '-sha256',
                                      '-cert'))
        if self.path == '/page':
            return b'<html>welcome</html>'
        if self.path == '/big':
            return bytes(1 << 20)
        made = self.stamp(query)
        if self.path == '/again':
            Authority.first = Authority.first or made
            return Authority.first
        if self.path == '/damaged':
            return made[:-6] + bytes([made[-6] ^ 1]) + made[-5:]
        return made

    def do_POST(self):
        query = self.rfile.read(int(self.headers['Content-Length']))
        good = self.headers['Content-Type'] == 'application/timestamp-query'
        status = 503 if self.path == '/fails' else 200 if good else 415
        body = self.reply(query) if status == 200 else b'not now'
        self.send_response(status)
        self.send_header('Content-Type', 'application/timestamp-reply')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(folder):
    make(folder)
    Authority.folder = folder
    server = http.server.HTTPServer(('127.0.0.1', 0), Authority)
    print(server.server_address[1], flush=True)
    server.serve_forever()


# ---- a token out of a file ----

class Cbor:
    """As much of RFC 8949 as a COSE_Sign1 needs."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def value(self):
        head = self.take(1)[0]
        major, number = head >> 5, head & 31
        if number > 23:
            number = int.from_bytes(self.take(1 << (number - 24)), 'big')
        if major in (2, 3):
            part = self.take(number)
            return part if major == 2 else part.decode()
        if major == 4:
            return [self.value() for _ in range(number)]
        if major == 5:
            return dict((self.value(), self.value()) for _ in range(number))
        if major == 6:
            return self.value()
        return number if major == 0 else -1 - number if major == 1 else None


def byte_string(data):
    size = len(data)
    if size < 24:
        return bytes([0x40 + size]) + data
    if size < 256:
        return bytes([0x58, size]) + data
    return b'\x59' + size.to_bytes(2, 'big') + data


def put(folder, name, part):
    with open(os.path.join(folder, name), 'wb') as out:
        out.write(part)


def stamped(protected, signature):
    """["CounterSignature", protected, h'', bstr .cbor signature]"""
    return (b'\x84' + b'\x70CounterSignature' + byte_string(protected) + b'\x40'
            + byte_string(byte_string(signature)))


def token(path, folder):
    with open(path, 'rb') as source:
        data = source.read()
    at = data.rindex(b'c2pa.signature\0')
    at = data.index(b'cbor', at) + 4
    protected, unprotected, _, signature = Cbor(data[at:]).value()
    tokens = unprotected['sigTst2']['tstTokens']
    assert len(tokens) == 1
    put(folder, 'token.der', tokens[0]['val'])
    put(folder, 'message.bin', stamped(protected, signature))


def earlier(path, folder):
    with open(path, 'rb') as source:
        data = source.read()
    at = data.index(b'cbor', data.rindex(b'c2pa.time-stamp\0')) + 4
    tokens = Cbor(data[at:]).value()
    for number, (label, value) in enumerate(tokens.items()):
        at = data.index(b'c2pa.signature\0', data.index(label.encode() + b'\0'))
        at = data.index(b'cbor', at) + 4
        protected, _, _, signature = Cbor(data[at:]).value()
        put(folder, f'token{number}.der', value)
        put(folder, f'message{number}.bin', stamped(protected, signature))
    print(len(tokens))


if sys.argv[1:2] == ['serve'] and len(sys.argv) == 3:
    serve(sys.argv[2])
elif sys.argv[1:2] == ['token'] and len(sys.argv) == 4:
    token(*sys.argv[2:])
elif sys.argv[1:2] == ['earlier'] and len(sys.argv) == 4:
    earlier(*sys.argv[2:])
else:
    sys.exit(__doc__)
