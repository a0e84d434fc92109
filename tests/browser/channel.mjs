/* A channel of real clips, made with the program under test, and served by it. */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const WORDS = [
  ['en', 'Back from shopping. The streets are quiet, the bakery is open.'],
  ['zh-Hans', '我刚从超市买菜回来，一切都好。街上很安静，面包店还开着。'],
  ['uk', 'Щойно з крамниці. На вулиці тихо, пекарня працює.'],
  ['ru', 'Только что из магазина. На улице тихо, пекарня открыта.'],
];

/* The clock of the channel: one word every 19 hours or so, from a Sunday in March on. */
let now = Date.UTC(2026, 2, 1, 8, 12) / 1000;

/* Runs the program; its answer as an object. */
function still(home, ...args) {
  now += 68640 + (now % 7) * 660;
  const out = execFileSync(process.env.STILLHERE, ['-C', home, '--json', ...args],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STILLHERE_NOW: String(now) } });
  return JSON.parse(out);
}

/*
 * Check-ins enough for one older page, the clips on top of them, one dispatch withdrawn.
 * Answers with what lies where: {home, tree, clips: [{index, video}], checkin, withdrawn}.
 */
export function makeChannel(scratch, clips) {
  const home = path.join(scratch, 'channel');
  const made = { home, tree: path.join(home, 'public'), clips: [] };
  execFileSync(process.env.STILLHERE, ['-q', 'init', home, '--name', 'A window in Odesa',
    '--sheet', path.join(scratch, 'sheet.txt')], { stdio: 'pipe',
    env: { ...process.env, STILLHERE_NOW: String(now) } });
  for (let i = 0; i < 12; i++) {
    const [lang, words] = WORDS[i % WORDS.length];
    const answer = still(home, 'checkin', '--well', '--place', 'Odesa', '--lang', lang, words);
    made.checkin = answer.index;
    if (i === 3) made.withdrawn = answer.index;
  }
  still(home, 'checkin', '--status', 'No light, but together', '--lang', 'en');
  clips.forEach((clip, i) => {
    const [lang, words] = WORDS[(clips.length - 1 - i) % WORDS.length];
    const answer = still(home, 'post', clip, i % 5 === 4 ? '--moving' : '--well', '--place',
      'Odesa', '--lang', lang, words);
    made.clips.push({ index: answer.index, page: answer.page,
      video: answer.blobs.find((blob) => blob.role === 'video') });
  });
  still(home, 'withdraw', String(made.withdrawn));
  return made;
}

function freePort() {
  return new Promise((done) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

function answers(port) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => done(socket.destroy() && true));
    socket.on('error', () => done(false));
  });
}

/* stillhere serve on a free port; throws with its words when it does not come up. */
export async function serve(home) {
  const port = await freePort();
  const child = spawn(process.env.STILLHERE, ['-C', home, 'serve', '--listen',
    `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  child.stderr.on('data', (data) => { said += data; });
  const gone = new Promise((done) => child.on('exit', done));
  for (let i = 0; i < 150; i++) {
    if (child.exitCode !== null) throw new Error(`stillhere serve ended: ${said}`);
    if (await answers(port)) {
      return { base: `http://127.0.0.1:${port}/`,
        close: async () => { child.kill('SIGTERM'); await gone; } };
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  child.kill('SIGTERM');
  throw new Error(`stillhere serve does not answer: ${said}`);
}

export function findClips() {
  const shared = process.env.STILLHERE_SHARED
    ?? path.join(process.env.STILLHERE_SOURCE, '..', 'shared');
  const dir = path.join(shared, 'clips');
  return fs.readdirSync(dir).filter((name) => name.endsWith('.mp4')).sort()
    .map((name) => path.join(dir, name));
}
