/* Load the pure bands as a browser would and compare a few answers with node's.  Speaks TAP. */
'use strict';
const crypto = require('crypto');
const fs = require('fs');

const module_ = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
let count = 0;
let bad = 0;

function check(held, what) {
    count++;
    bad += held ? 0 : 1;
    console.log(`${held ? 'ok' : 'not ok'} ${count} - ${what}`);
}

const imports = WebAssembly.Module.imports(module_);
check(imports.length === 0, `no imports ${JSON.stringify(imports)}`);
if (imports.length === 0) {
    const wasm = new WebAssembly.Instance(module_).exports;
    const room = (...parts) => {
        const all = Buffer.concat(parts.map((part) => Buffer.from(part)));
        const at = wasm.probe_room();
        new Uint8Array(wasm.memory.buffer).set(all, at);
        return at;
    };
    const sha256 = (data) => {
        const at = room(data);
        wasm.probe_sha256(data.length);
        return Buffer.from(new Uint8Array(wasm.memory.buffer, at, 32)).toString('hex');
    };
    let same = true;
    for (let len = 0; len < 300; len++) {
        const data = crypto.randomBytes(len);
        same = same && sha256(data) === crypto.createHash('sha256').update(data).digest('hex');
    }
    check(same, 'SHA-256 of 300 random messages as node says');

    const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
    const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
    const message = Buffer.from('I am well');
    const signature = crypto.sign(null, message, privateKey);
    const verify = (what) => { room(key, signature, what); return wasm.probe_ed25519(what.length); };
    check(verify(message) === 1, 'an Ed25519 signature made by node holds');
    check(verify(Buffer.from('I am hurt')) === 0, 'and not over other words');

    /* The example of C2SP signed-note, with its verifier key. */
    const vkey = Buffer.from('AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k', 'base64').subarray(1);
    const note = Buffer.from('This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2' +
        'VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n');
    const judge = (what) => { room(vkey, what); return wasm.probe_note(what.length); };
    check(judge(note) === 1, 'the example note of the specification is good');
    note[0] ^= 1;
    check(judge(note) === 2, 'one bit more, and its signature is bad');
    check(judge(note.subarray(0, 60)) < 0, 'half of it is malformed');
}
console.log(`1..${count}`);
process.exit(bad ? 1 : 0);
