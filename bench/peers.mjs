// peers.mjs MODULES c2pa-node|c2pa-wasm FILE: one validation by c2pa-rs, for bench/run.  Exit 1 when
// the file's credentials do not hold; nobody is trusted.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, peer, file] = process.argv.slice(2);
const at = (...parts) =>
  pathToFileURL(path.resolve(folder, 'node_modules', '@contentauth', ...parts)).href;
let report;
if (peer === 'c2pa-node') {
  const { Reader } = await import(at('c2pa-node', 'dist', 'index.js'));
  report = (await Reader.fromAsset({ path: file, mimeType: 'video/mp4' })).json();
} else {
  const wasm = await import(at('c2pa-wasm', 'pkg', 'c2pa.js'));
  const code = path.resolve(folder, 'node_modules', '@contentauth', 'c2pa-wasm', 'pkg', 'c2pa_bg.wasm');
  wasm.initSync({ module: fs.readFileSync(code) });
  report = JSON.parse((await wasm.WasmReader.fromBytes('video/mp4', new Uint8Array(fs.readFileSync(file)))).json());
}
console.log(report.validation_state);
process.exitCode = report.validation_state === 'Invalid' ? 1 : 0;
