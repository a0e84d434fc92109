// check.mjs PROOF VKEY: a .tlog-proof of ours before the code with which npm checks what it
// installs (@sigstore/verify): the checkpoint's signature, and the path from the entry to its root.
// Exit 0: both hold, and neither does once anything in them is changed.  1: not so.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { verifyCheckpoint } = require('@sigstore/verify/dist/tlog/checkpoint.js');
const { verifyMerkleInclusion } = require('@sigstore/verify/dist/tlog/merkle.js');

const [path, vkey] = process.argv.slice(2);
const [name, hint, ...material] = vkey.split('+');
const raw = readFileSync(path, 'utf8');
const split = raw.indexOf('\n\n');
const lines = raw.slice(0, split).split('\n');
const envelope = raw.slice(split + 2);
if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Error('not a tlog-proof');
const extra = Buffer.from(lines.shift().replace(/^extra /, ''), 'base64');
const logIndex = lines.shift().replace(/^index /, '');
const entryLine = extra.subarray(0, extra.indexOf(10) + 1);

// Ed25519 as SubjectPublicKeyInfo (RFC 8410), which is what node reads.
const publicKey = createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(material.join('+'), 'base64').subarray(1)]),
  format: 'der', type: 'spki',
});
const logs = [{ logID: Buffer.from(hint, 'hex'), publicKey, baseURL: `https://${name}` }];

function holds({ hashes, body, index, note }) {
  const entry = {
    canonicalizedBody: body,
    inclusionProof: { logIndex: index, hashes, checkpoint: { envelope: note } },
  };
  try {
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, logs));
    return true;
  } catch (error) {
    if (error.name !== 'VerificationError') throw error;
    return false;
  }
}

const good = {
  hashes: lines.map((line) => Buffer.from(line, 'base64')), body: entryLine,
  index: logIndex, note: envelope,
};
const flip = (data, at) => Buffer.from(data.map((byte, i) => (i === at ? byte ^ 1 : byte)));
const harms = [
  { ...good, index: String(BigInt(logIndex) + 1n) },
  { ...good, body: entryLine.subarray(0, -1) },
  { ...good, note: envelope.replace(/\n[0-9]+\n/, (size) => `\n${BigInt(size) + 1n}\n`) },
  { ...good, note: envelope.replace('stillhere', 'Stillhere') },
  { ...good, note: envelope.replace(/[A-Za-z0-9](.{6}\n)$/, (_, end) => `${end[0]}${end}`) },
  { ...good, hashes: [...good.hashes, good.hashes[0] ?? Buffer.alloc(32)] },
  ...[...entryLine.keys()].map((at) => ({ ...good, body: flip(entryLine, at) })),
  ...good.hashes.flatMap((hash, i) => [0, 31].map((at) => ({
    ...good, hashes: good.hashes.map((other, k) => (k === i ? flip(other, at) : other)),
  }))),
  ...good.hashes.map((_, i) => ({ ...good, hashes: good.hashes.filter((__, k) => k !== i) })),
];
const taken = harms.filter(holds).length;
console.log(`index ${logIndex}, ${good.hashes.length} hashes: ${holds(good) ? 'holds' : 'does not hold'}; ` +
  `${taken} of ${harms.length} harmed ones hold`);
process.exit(holds(good) && taken === 0 ? 0 : 1);
