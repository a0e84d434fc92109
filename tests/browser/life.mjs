/*
 * What becomes of words and keys, on every page that shows it: withdrawn and deleted, corrected,
 * opened later than made, disputed since, under a new key.
 *
 *   test-life                the test (TAP)
 *   test-life --keep DIR     leaves the channel and pictures of the pages there
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serve } from './channel.mjs';
import { LANGS, deadLinks, launch, lookAt, ok, tally } from './look.mjs';
import { loggingProxy } from './servers.mjs';

/* The clock of the channel: a word every ten hours, from the 4th of March on. */
let now = 1772600000;

function still(home, ...args) {
  now += 36000;
  return JSON.parse(execFileSync(process.env.STILLHERE, ['-C', home, '--json', ...args],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STILLHERE_NOW: String(now) } }));
}

/* A channel in which everything happened; `theft` is it as it stood before the owner's word. */
function makeLife(scratch) {
  const home = path.join(scratch, 'channel');
  const sheet = path.join(scratch, 'sheet.txt');
  const say = (...args) => still(home, ...args).index;
  const well = (...args) => say('checkin', '--well', '--place', 'Odesa', ...args);
  const life = { home, sheet, theft: path.join(scratch, 'theft') };
  execFileSync(process.env.STILLHERE, ['-q', 'init', home, '--name', 'A window in Odesa',
    '--sheet', sheet], { stdio: 'pipe', env: { ...process.env, STILLHERE_NOW: String(now) } });
  life.first = well('Back from shopping. The streets are quiet.');
  life.wrong = say('checkin', '--hurt', '--place', 'Odesa', 'A splinter. I am at the doctor’s.');
  life.sealed = well('--publish', 'when-i-say', '--lang', 'zh-Hans', '我刚买菜回来，一切都好。');
  life.beside = well('--lang', 'uk', 'Щойно з крамниці. На вулиці тихо.');
  life.better = say('correct', String(life.wrong), '--well', 'It was only a scratch.');
  life.best = say('correct', String(life.wrong), '--place', 'Odesa, by the sea');
  life.open = still(home, 'publish', String(life.sealed)).index;
  life.right = well('--lang', 'he', 'חזרתי מהחנות. הכול שקט.');
  life.hidden = well('Names a neighbour');
  say('withdraw', String(life.hidden), '--reason', 'It named a neighbour.');
  life.purged = well('Shows far too much');
  say('withdraw', String(life.purged), '--purge', '--sheet', sheet);
  life.waits = well('--publish', 'when-i-say', 'Sealed by the owner, and waiting');
  life.last = well('--next-due', '48h', 'The last word before the theft.');
  /* From here on the key is in other hands. */
  life.false = say('checkin', '--well', '--place', 'Kherson', 'All is fine, do not look for me.');
  life.twisted = say('correct', String(life.first), '--place', 'Kherson', 'Not from shopping.');
  say('withdraw', String(life.beside), '--reason', 'a lie');
  life.forced = still(home, 'publish', String(life.waits)).index;
  const key = still(home, 'key', 'show').keys.find((one) => one.role === 'log').id;
  still(home, 'key', 'revoke', key, '--since', String(life.false), '--sheet', sheet);
  fs.cpSync(home, life.theft, { recursive: true, preserveTimestamps: true });
  life.again = well('--publish', 'when-i-say', 'I am here again, with a new phone.');
  life.known = well('On the road.');
  still(home, 'publish', String(life.again));
  return life;
}

const folder = (index) => `w/${String(index).padStart(3, '0')}/`;

/* [page, in the words of each language: all must stand there]; see makeLife. */
function wanted(life) {
  const link = (index) => `${folder(index).slice(0, -1)}/index`;
  return {
    [folder(life.hidden)]: { texts: [['withdrawn by entry', '撤回', 'відкликаний', 'отозвана'],
      ['It named a neighbour.']], not: ['Names a neighbour', 'SHA-256'] },
    [folder(life.purged)]: { texts: [['withdrawn by entry', '撤回', 'відкликаний', 'отозвана']],
      not: ['far too much', 'SHA-256'] },
    [folder(life.wrong)]: { texts: [['This was corrected on', '此条已更正', 'Це виправлено',
      'Это исправлено'], ['A splinter.']], links: [link(life.better), link(life.best)] },
    [folder(life.better)]: { texts: [['This is a correction.', '这是更正后的版本', 'Це виправлена',
      'Это исправленная'], ['only a scratch']], links: [link(life.wrong), link(life.best)] },
    [folder(life.best)]: { texts: [['This is a correction.', '这是更正后的版本', 'Це виправлена',
      'Это исправленная'], ['by the sea']], links: [link(life.better)] },
    [folder(life.sealed)]: { texts: [['the log shows that it existed by', '在', 'За журналом',
      'По журналу'], ['Sealed, not later than', '封存，不晚于', 'Запечатано не пізніше',
      'Запечатано не позднее']] },
    [folder(life.false)]: { texts: [['Disputed: Well.', '有争议：平安。', 'Спірне: Усе гаразд.',
      'Спорное: Всё в порядке.'], ['other hands', '他人之手', 'чужих руках', 'чужих руках']],
    links: ['index'] },
    [folder(life.first)]: { texts: [['Another version is disputed', '另有一个有争议的版本',
      'Інша версія спірна', 'Другая версия спорная'], ['Back from shopping']],
    not: ['Not from'] },
    [folder(life.twisted)]: { texts: [['Disputed:', '有争议', 'Спірне', 'Спорное']] },
    [folder(life.waits)]: { texts: [['Disputed:', '有争议', 'Спірне', 'Спорное'],
      ['made earlier', '较早', 'раніше', 'раньше']] },
    [folder(life.beside)]: { texts: [['На вулиці тихо']], not: ['a lie'] },
    [folder(life.right)]: { texts: [['חזרתי מהחנות']] },
  };
}

function check(seen, page, want, tree) {
  LANGS.forEach((lang, i) => {
    const text = seen[`${page}${lang}`];
    const html = fs.readFileSync(path.join(tree, page, `index.${lang}.html`), 'utf8');
    const missing = (want.texts ?? []).map((forms) => forms[i] ?? forms[0])
      .filter((form) => !text.includes(form));
    const there = (want.not ?? []).filter((form) => html.includes(form));
    const unlinked = (want.links ?? []).filter((link) => !html.includes(`${link}.${lang}.html`));
    ok(!missing.length && !there.length && !unlinked.length, `${page} says it (${lang})`,
      `missing: ${missing}; must not be there: ${there}; no link: ${unlinked}\n${text}`);
  });
}

/* All looks take minutes: by default each page in one, the front pages in two. */
const LIGHT = [{ scheme: 'light', width: 320 }];
const TWO = [...LIGHT, { scheme: 'dark', width: 1280 }];
const ALL = [...TWO, { scheme: 'dark', width: 320 }, { scheme: 'light', width: 1280 }];
const whole = Boolean(process.env.STILLHERE_FULL);

async function look(browser, home, pages, looks, keep) {
  const server = await serve(home);
  let seen;
  try {
    for (const one of looks) seen = await lookAt(browser, server.base, pages, one, keep);
  } finally {
    await server.close();
  }
  return seen;
}

/* What the owner's readers see first, before and after his next word. */
async function fronts(browser, life, scratch) {
  const shots = (name) => keep && fs.mkdirSync(path.join(scratch, name), { recursive: true })
    | 0 || keep && path.join(scratch, name);
  const words = { theft: 'The last word before the theft.', home: 'I am here again' };
  for (const name of ['theft', 'home']) {
    const tree = path.join(life[name], 'public');
    const seen = await look(browser, life[name], ['', 'now/'], whole ? ALL : TWO, shots(`front-${name}`));
    for (const lang of LANGS) {
      ok(seen[`now/${lang}`].includes(words[name]) && seen[lang].includes(words[name]),
        `${name}: the newest word that counts stands first (${lang})`, seen[`now/${lang}`]);
      ok(!seen[`now/${lang}`].includes('do not look'), `${name}: no disputed word on now/ (${lang})`);
    }
    check(seen, '', { texts: [['This channel goes on under a new key', '使用新密钥继续',
      'під новим ключем', 'под новым ключом'], ['recovery sheets', '恢复单', 'аркушами', 'листами'],
    ['Disputed: Well.', '有争议：平安。', 'Спірне: Усе гаразд.', 'Спорное: Всё в порядке.']] }, tree);
    check(seen, 'now/', { texts: [['under a new key', '使用新密钥', 'під новим ключем',
      'под новым ключом']] }, tree);
    if (name === 'theft') {
      check(seen, 'now/', { texts: [['it is disputed', '有争议', 'спірне', 'спорное']] }, tree);
    } else {
      check(seen, 'now/', { texts: [['kept sealed', '一直封存', 'запечатано', 'запечатана']] }, tree);
    }
    for (const feed of ['feed.atom', 'feed.json', 'rss.xml']) {
      const text = fs.readFileSync(path.join(tree, feed), 'utf8');
      ok(text.includes('Disputed: Well · Kherson') && text.includes('kept sealed')
        && text.includes('Corrected on') && text.includes('by the sea')
        && !/splinter|neighbour|far too much|Not from shopping/.test(text),
      `${name}: ${feed} says the same`, text);
    }
  }
}

/* Pages are what the log makes of them, whatever came in between. */
function rebuilt(life) {
  const content = () => execFileSync('bash', ['-c',
    'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum'],
  { cwd: path.join(life.home, 'public'), encoding: 'utf8' });
  const before = content();
  execFileSync(process.env.STILLHERE, ['-q', '-C', life.home, 'rebuild'], { stdio: 'pipe' });
  ok(content() === before, 'rebuild gives the same tree, byte for byte');
  for (const [name, limit] of [['index.en.html', 30], ['now/index.ru.html', 14],
    [`${folder(life.false)}index.ru.html`, 25], [`${folder(life.better)}index.uk.html`, 25]]) {
    const { size } = fs.statSync(path.join(life.home, 'public', name));
    ok(size <= limit * 1024, `${name}: ${size} bytes, at most ${limit} KB`);
  }
}

const args = process.argv.slice(2);
const keep = args.includes('--keep') ? args[args.indexOf('--keep') + 1] : undefined;
const scratch = keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stillhere-life-'));
fs.mkdirSync(scratch, { recursive: true });
fs.chmodSync(scratch, 0o755); /* Started by root, nginx reads as nobody. */

async function run() {
  const life = makeLife(scratch);
  const tree = path.join(life.home, 'public');
  const proxy = await loggingProxy();
  const browser = await launch(proxy);
  try {
    const dead = deadLinks(tree);
    ok(dead.length === 0, 'every link on every page leads to a file', dead.join('\n'));
    const pages = wanted(life);
    const seen = await look(browser, life.home, Object.keys(pages), whole ? ALL : LIGHT, keep);
    for (const page of Object.keys(pages)) check(seen, page, pages[page], tree);
    await fronts(browser, life, scratch);
    rebuilt(life);
  } finally {
    await browser.close();
    proxy.close();
  }
}

try {
  await run();
} catch (error) {
  ok(false, 'the test came to its end', `${error.stack}\n${error.stderr ?? ''}`);
} finally {
  if (!keep) fs.rmSync(scratch, { recursive: true, force: true });
}
tally('plan');
