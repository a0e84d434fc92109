#!/usr/bin/python3
"""verify.py DIR: a second verifier, written from FORMATS.md alone.  Exit 0: all holds; 3: not."""
import base64, glob, hashlib, json, os, re, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
root, bad = sys.argv[1], []
sys.excepthook = lambda kind, what, trace: (print('wrong:', kind.__name__, what, flush=True), os._exit(3))
def sha(data): return hashlib.sha256(data).digest()
def wrong(what): bad.append(what); print('wrong:', what)
def stop(what): wrong(what); sys.exit(3)
def read(path): return open(f'{root}/{path}', 'rb').read() if os.path.isfile(f'{root}/{path}') else None
def need(path): return read(path) if read(path) is not None else stop(path + ' is missing')
def unbase64(text):
    return data if base64.b64encode(data := base64.b64decode(text)).decode() == text else stop('base64')
def note(raw):                                   # C2SP signed-note: text, [(name, id || signature)]
    text, split, lines = raw.rpartition(b'\n\n')
    found = [re.fullmatch('\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)', l) for l in lines.decode().split('\n')[:-1]]
    if not split or not lines.endswith(b'\n') or None in found: stop('not a signed note')
    return text + b'\n', [(m[1], unbase64(m[2])) for m in found]
def signed(text, signatures, name, key):         # a bad signature of a known key stops everything
    for signer, data in signatures:
        if (signer, data[:4]) == (name, sha(name.encode() + b'\n\x01' + key)[:4]):
            return Ed25519PublicKey.from_public_bytes(key).verify(data[4:], text) is None
FOREVER = {'from': 0, 'until': 1 << 60, 'revoked': 1 << 60}
def identity(text):
    fields, keys = {}, {}
    for line in text.decode().split('\n')[1:-1]:
        word, _, rest = line.partition(' ')
        fields[word] = rest
        if word == 'key':
            role, alg, key_id, key, *span = rest.split(' ')
            if key_id != sha(alg.encode() + b' ' + unbase64(key)).hex()[:16]: stop('key id ' + key_id)
            keys[role, key_id] = unbase64(key), {**FOREVER, **dict(zip(span[::2], map(int, span[1::2])))}
    return fields, keys
def holds(text, signatures, keys, name, wanted):
    verdicts = [signed(text, signatures, name, k) for (role, _), (k, span) in keys.items()
                if role == 'identity' and span['until'] == span['revoked'] == 1 << 60]
    return verdicts.count(True) >= int(wanted or len(verdicts))
raw, raws, notes, chain, before = need('id/0.note'), [], [], [], None
ident = base64.b32encode(sha(note(raw)[0])).decode().lower().rstrip('=')
while raw is not None:                           # the identity chain
    (text, signatures), (fields, keys) = note(raw), identity(note(raw)[0])
    if int(fields['number']) != len(notes) or (notes and fields['channel'] != ident): stop('identity number')
    name = f'stillhere/1/{ident}/identity'
    if not holds(text, signatures, keys, name, fields['threshold'] if notes else None): stop('identity signatures')
    if before and not holds(text, signatures, before[1], name, before[0]['threshold']): stop('identity threshold')
    if before and any(i not in keys or keys[i][0] != k[0] for i, k in before[1].items()): stop('key dropped')
    before, raws, notes, chain = (fields, keys), raws + [raw], notes + [text], chain + [(fields, keys)]
    raw = read(f'id/{len(notes)}.note')
for (role, key_id), (key, _) in keys.items():
    pem = need(f'id/c2pa-ca-{key_id}.pem').decode().split('-----') if role == 'c2pa-ca' else None
    if pem and (len(pem) != 5 or key not in base64.b64decode(pem[2])): wrong(f'certificate {key_id}')
text, signatures = note(need('checkpoint'))       # of the branch that the last successor line began
heirs = [(int(f['number']), *f['successor'].split(' ')) for f, _ in chain if 'successor' in f]
lines = re.fullmatch(f'(stillhere/1/{ident}(?:/([1-9][0-9]*))?)\n([1-9][0-9]*)\n(.{{44}})\n', text.decode()) or stop('checkpoint')
origin, branch, size, head = lines[1], int(lines[2] or 0), int(lines[3]), unbase64(lines[4])
if branch not in [0] + [n for n, _, _ in heirs]: stop('a branch that no identity note began')
left = [h for h in heirs if h[0] > branch]       # it was left when the key was stolen: later entries are evidence
if left and size > int(left[0][1]): wrong(f'the channel goes on under identity note {left[0][0]}')
logs = [(signed(text, signatures, origin, key), left or span['from'] <= size - 1 < span['until'])
        for (role, _), (key, span) in keys.items() if role == 'log']
if not any(good and speaks for good, speaks in logs): stop('the checkpoint is not signed')
def disputed(i):                                 # made by a revoked log key
    return any(span['revoked'] <= i < span['until'] for (role, _), (_, span) in keys.items() if role == 'log')
def tile(level, number, width):
    groups = f'{number:,d}'.split(',')           # 1234067: x001/x234/067
    path = f'tile/{level}/' + '/'.join(['x' + g.zfill(3) for g in groups[:-1]] + [groups[-1].zfill(3)])
    return need(path if width == 256 or read(f'{path}.p/{width}') is None else f'{path}.p/{width}')
entries = []
for n in range(0, size, 256):                    # entry tiles: uint16 length, entry
    data, at = tile('entries', n // 256, min(256, size - n)), 0
    for _ in range(min(256, size - n)):
        entries.append(data[at + 2:(at := at + 2 + int.from_bytes(data[at:at + 2], 'big'))])
    if at != len(data) and size - n >= 256: stop(f'entry tile {n // 256}')
def tree(hashes):                                # RFC 6962 2.1
    while len(hashes) > 1:
        hashes = [sha(b'\x01' + b''.join(hashes[i:i + 2])) if i + 1 < len(hashes) else hashes[i]
                  for i in range(0, len(hashes), 2)]
    return hashes[0]
level, hashes = 0, [sha(b'\x00' + e) for e in entries]
if tree(hashes) != head: stop('the entries do not give the root')
for number, at, wanted in heirs:
    if number <= branch and (int(at) > size or tree(hashes[:int(at)]).hex() != wanted): wrong(f'successor of note {number}')
while hashes:                                    # every tile of every level
    for n in range(0, len(hashes), 256):
        part = hashes[n:n + 256]
        if tile(level, n // 256, len(part))[:32 * len(part)] != b''.join(part): wrong(f'tile {level} {n}')
    hashes, level = [tree(hashes[n:n + 256]) for n in range(0, len(hashes) - 255, 256)], level + 1
grammar = re.compile(r'stillhere-entry/1 (\S+) (-|0|[1-9][0-9]*) ([0-9a-f]{64})\n')
parsed = [(grammar.fullmatch(e.decode()) or stop(f'entry {i}')).groups() for i, e in enumerate(entries)]
listed = [('identity', '-', sha(text).hex()) for text in notes]
logged = [(i, e) for i, e in enumerate(parsed) if e[0] == 'identity']
if [e for _, e in logged] != listed[:len(logged)] or not logged or logged[0][0]: wrong('identity entries')
if need('id/current') not in (raws[-1], raws[len(logged) - 1]): wrong('id/current')
for i, (kind, ref, _) in enumerate(parsed):
    allowed = {'open': ['sealed'], 'withdraw': ['dispatch', 'sealed'], 'correct': ['dispatch', 'sealed']}.get(kind)
    if ref != '-' and (int(ref) >= i or (allowed and parsed[int(ref)][0] not in allowed)): wrong(f'entry {i} refers to {ref}')
gone = {int(r) for i, (t, r, _) in enumerate(parsed) if t == 'withdraw' and not disputed(i)}
gone |= {i for i, (t, r, _) in enumerate(parsed) if t == 'correct' and int(r) in gone}
opened, said = {}, {'opened': 0, 'corrected': 0, 'purged': 0, 'disputed': 0}
def purge(i, ref, doc):                          # by the keys that were valid then; else it only hides
    fields, keys = chain[max(n for n, (at, _) in enumerate(logged) if at < i)]
    text, signatures = note(doc['order'].encode())
    if text.decode() != f'stillhere-purge/1\nchannel {ident}\nindex {ref}\n': return False
    try: return holds(text, signatures, keys, f'stillhere/1/{ident}/identity', fields['threshold'])
    except InvalidSignature: return False
def document(i, digest, kind, lost):
    raw = read(f'd/{digest[:2]}/{digest}.json')
    if raw is None and lost: return
    if raw is None or sha(raw).hex() != digest: return wrong(f'document of entry {i}')
    doc = json.loads(raw)
    again = json.dumps(doc, ensure_ascii=False, sort_keys=True, separators=(',', ':')).encode()
    if (again, doc['v'], doc['channel'], doc['kind']) != (raw, 1, ident, kind): wrong(f'document {i}')
    for blob in doc.get('blobs', []):
        paths = glob.glob(f"{glob.escape(root)}/b/{blob['sha256'][:2]}/{blob['sha256']}.*")
        data = b''.join(open(path, 'rb').read() for path in paths)
        if (paths or not lost) and (len(data) != blob['bytes'] or sha(data).hex() != blob['sha256']): wrong(f'a file of entry {i}')
    return doc
for i, (kind, ref, digest) in enumerate(parsed):  # documents and blobs; of a dispute something may be missing
    said['disputed'] += disputed(i)
    if kind in ('identity', 'sealed') or i in gone: continue
    doc = document(i, digest, kind, disputed(i))
    if kind == 'open' and not bad:
        if opened.get(ref) is False: wrong(f'entry {i} opens {ref} again')
        opened[ref] = disputed(i)                # a thief's opening leaves room for ours
        if int(ref) not in gone: document(int(ref), parsed[int(ref)][2], 'dispatch', disputed(i))
    said['corrected'] += kind == 'correct'
    if kind == 'withdraw' and not disputed(i) and doc and 'order' in doc: said['purged'] += purge(i, ref, doc)
said['opened'] = len(opened)
print(', '.join(f'{name} {count}' for name, count in said.items()))
print(f'channel {ident}, {size} entries: ' + ('something does not hold' if bad else 'holds'))
sys.exit(3 if bad else 0)
