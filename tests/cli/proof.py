#!/usr/bin/env python3
"""Trees, cosignatures and a second reader for proof.sh, written from the specifications alone.

usage: proof.py tree DIR SIZE            a public tree with entries of no document, unsigned
       proof.py cosign NOTE NAME SEED T  append a cosignature of type 0x04 by the key of SEED (hex)
       proof.py vkey NAME SEED TYPE      its verifier key
       proof.py line NOTE NAME BYTES     append a signature line of so many bytes by nobody
       proof.py check PROOF              is the entry in the log?  prints "INDEX SIZE ENTRY"
"""
import base64
import hashlib
import os
import struct
import subprocess
import sys
import tempfile


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def path_of(level, number, width):
    text = f'{number % 1000:03}'
    while number >= 1000:
        number //= 1000
        text = f'x{number % 1000:03}/{text}'
    return f'tile/{level}/{text}' + (f'.p/{width}' if width < 256 else '')


def put(root, path, data):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), 'wb') as out:
        out.write(data)


def root_of(hashes):
    while len(hashes) > 1:
        odd = hashes[-1:] if len(hashes) % 2 else []
        hashes = [sha(b'\1', hashes[i], hashes[i + 1])
                  for i in range(0, len(hashes) - 1, 2)] + odd
    return hashes[0]


def tree(root, size):
    lines = [b'stillhere-entry/1 sealed - %s\n' % hashlib.sha256(b'%d' % i).hexdigest().encode()
             for i in range(size)]
    for at in range(0, size, 256):
        part = lines[at:at + 256]
        put(root, path_of('entries', at // 256, len(part)),
            b''.join(struct.pack('>H', len(line)) + line for line in part))
    row, level = [sha(b'\0', line) for line in lines], 0
    whole = root_of(row)
    while row:
        for at in range(0, len(row), 256):
            part = row[at:at + 256]
            put(root, path_of(level, at // 256, len(part)), b''.join(part))
        row = [root_of(row[at:at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    origin = 'stillhere/1/' + 'a' * 52
    put(root, 'checkpoint', f'{origin}\n{size}\n{base64.b64encode(whole).decode()}\n\n'
        f'\u2014 {origin} {base64.b64encode(bytes(68)).decode()}\n'.encode())


def openssl(seed, *arguments):
    """Run openssl with the Ed25519 key of a seed; KEY in the arguments is its file."""
    with tempfile.NamedTemporaryFile() as key:
        key.write(bytes.fromhex('302e020100300506032b657004220420') + seed)
        key.flush()
        return subprocess.run(['openssl'] + [key.name if word == 'KEY' else word
                                             for word in arguments],
                              check=True, stdout=subprocess.PIPE).stdout


def public(seed):
    return openssl(seed, 'pkey', '-inform', 'DER', '-in', 'KEY', '-pubout',
                   '-outform', 'DER')[-32:]


def key_id(name, kind, seed):
    return sha(name.encode(), b'\n', bytes([kind]), public(seed))[:4]


def append_line(path, name, data):
    with open(path, 'ab') as out:
        out.write(f'\u2014 {name} {base64.b64encode(data).decode()}\n'.encode())


def cosign(path, name, seed, time):
    text = open(path, 'rb').read().rsplit(b'\n\n', 1)[0] + b'\n'
    if text.startswith(b'c2sp.org/tlog-proof@v1'):
        text = text.split(b'\n\n', 1)[1]
    with tempfile.NamedTemporaryFile() as message:
        message.write(b'cosignature/v1\ntime %d\n' % time + text)
        message.flush()
        signature = openssl(seed, 'pkeyutl', '-sign', '-rawin', '-keyform', 'DER',
                            '-inkey', 'KEY', '-in', message.name)
    append_line(path, name, key_id(name, 4, seed) + struct.pack('>Q', time) + signature)


def check(path):
    """RFC 9162 2.1.3.2, from its words."""
    head, note = open(path, 'rb').read().split(b'\n\n', 1)
    words = head.split(b'\n')
    assert words[0] == b'c2sp.org/tlog-proof@v1'
    extra = base64.b64decode(words[1].split(b' ')[1], validate=True)
    index, hashes = int(words[2].split(b' ')[1]), words[3:]
    line = extra[:extra.index(b'\n') + 1]
    size, root = int(note.split(b'\n')[1]), base64.b64decode(note.split(b'\n')[2])
    at, last, node = index, size - 1, sha(b'\0', line)
    for other in (base64.b64decode(word, validate=True) for word in hashes):
        assert last > 0
        if at & 1 or at == last:
            node = sha(b'\1', other, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = sha(b'\1', node, other)
        at, last = at >> 1, last >> 1
    assert last == 0 and node == root, 'the path does not lead to the root'
    document = extra[len(line):]
    if document:
        assert hashlib.sha256(document).hexdigest() == line.split()[-1].decode()
    print(index, size, line.decode(), end='')


def main():
    verb, *rest = sys.argv[1:]
    if verb == 'tree':
        tree(rest[0], int(rest[1]))
    elif verb == 'cosign':
        cosign(rest[0], rest[1], bytes.fromhex(rest[2]), int(rest[3]))
    elif verb == 'vkey':
        seed, kind = bytes.fromhex(rest[1]), int(rest[2])
        print(f'{rest[0]}+{key_id(rest[0], kind, seed).hex()}+'
              + base64.b64encode(bytes([kind]) + public(seed)).decode())
    elif verb == 'line':
        append_line(rest[0], rest[1], bytes(int(rest[2])))
    else:
        check(rest[0])


main()
