// check.mjs ANCHORS FILE...: content credentials before two versions of c2pa-rs, with ANCHORS (PEM)
// as what is trusted.  A line for each file and reader:
//     READER FILE STATE FAILURES INFORMATIONAL
// with the status codes of all manifests joined by commas, "-" for none.  FILE may be INIT+SEGMENT.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const modules = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules', '@contentauth');
const { Reader } = await import(pathToFileURL(path.join(modules, 'c2pa-node', 'dist', 'index.js')));
// It reads init segments and fragments as files of a browser's Worker, which Node has not.
class Part {
  constructor(bytes) {
    this.bytes = bytes;
    this.size = bytes.length;
    this.type = 'video/mp4';
  }
  slice(from = 0, to = this.size) {
    return new Part(this.bytes.subarray(from, to));
  }
}
globalThis.Blob = Part;
globalThis.FileReaderSync = class {
  readAsArrayBuffer(part) {
    return Uint8Array.from(part.bytes).buffer;
  }
};
const wasm = await import(pathToFileURL(path.join(modules, 'c2pa-wasm', 'pkg', 'c2pa.js')));
wasm.initSync({ module: fs.readFileSync(path.join(modules, 'c2pa-wasm', 'pkg', 'c2pa_bg.wasm')) });

const [anchors, ...files] = process.argv.slice(2);
const settings = JSON.stringify({
  trust: { trust_anchors: fs.readFileSync(anchors, 'utf8') },
  verify: { verify_trust: true, ocsp_fetch: false },
});

const kind = (file) => (file.endsWith('.jpg') ? 'image/jpeg' : 'video/mp4');
const readers = {
  async 'c2pa-node'(file) {
    if (file.includes('+')) return null;
    return (await Reader.fromAsset({ path: file, mimeType: kind(file) }, settings))?.json();
  },
  async 'c2pa-wasm'(file) {
    const [init, segment] = file.split('+').map((name) => new Uint8Array(fs.readFileSync(name)));
    const reader = segment
      ? await wasm.WasmReader.fromBlobFragment('video/mp4', new Part(init), new Part(segment), settings)
      : await wasm.WasmReader.fromBytes(kind(file), init, settings);
    return JSON.parse(reader.json());
  },
};

// Codes of the active manifest and of what changed about its ingredients.
function codes(results, kind) {
  const all = [results.activeManifest, ...(results.ingredientDeltas ?? []).map((d) => d.validationDeltas)];
  return all.flatMap((part) => part?.[kind] ?? []).map((status) => status.code).join(',') || '-';
}

for (const file of files)
  for (const [name, read] of Object.entries(readers)) {
    let line;
    try {
      const seen = await read(file);
      if (seen === null) continue;
      const results = seen?.validation_results ?? {};
      line = seen
        ? `${seen.validation_state} ${codes(results, 'failure')} ${codes(results, 'informational')}`
        : 'nothing - -';
    } catch (error) {
      line = `error ${String(error.message ?? error).split('\n')[0].replaceAll(' ', '_')} -`;
    }
    console.log(`${name} ${file.split('+').map((each) => path.basename(each)).join('+')} ${line}`);
  }
