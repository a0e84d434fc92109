// npm's age-encryption behind a pipe: one line a job, one line an answer.
//   seal KEY IN OUT   open KEY IN OUT   armor KEY IN OUT   phrase TEXT IN OUT
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { webcrypto } from 'node:crypto';

// The Node of Debian 12 has it under this name alone, and it must be there before the module is.
globalThis.crypto ??= webcrypto;
const { Decrypter, Encrypter, armor, identityToRecipient } = await import('age-encryption');

async function seal(data, add) {
    const encrypter = new Encrypter();
    add(encrypter);
    return await encrypter.encrypt(data);
}

async function answer([verb, key, from, to]) {
    const data = new Uint8Array(readFileSync(from));
    if (verb === 'open') {
        const decrypter = new Decrypter();
        decrypter.addIdentity(key);
        return writeFileSync(to, await decrypter.decrypt(data));
    }
    if (verb === 'phrase')
        return writeFileSync(to, await seal(data, (encrypter) => {
            encrypter.setScryptWorkFactor(10);
            encrypter.setPassphrase(key);
        }));
    const recipient = await identityToRecipient(key);
    const sealed = await seal(data, (encrypter) => encrypter.addRecipient(recipient));
    writeFileSync(to, verb === 'armor' ? armor.encode(sealed) : sealed);
}

for await (const line of createInterface({ input: process.stdin })) {
    try {
        await answer(line.split(' '));
        console.log('ok');
    } catch (wrong) {
        console.log(String(wrong));
    }
}
