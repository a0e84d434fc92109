/*
 * The family's page in Debian's Chromium: what it says with and without script, by clocks that
 * are right and wrong, from our server, a dumb one and a folder; that it is small, asks for
 * nothing, fits a small phone and large letters, and stays as it is whatever is written on it.
 *
 *   test-now                 the test (TAP)
 *   test-now --keep DIR      leaves the channels there, and pictures of the pages
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findClips, serve } from './channel.mjs';
import { LANGS, axe, launch, ok, openPage, tally } from './look.mjs';
import { dumbServer, loggingProxy } from './servers.mjs';

const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;
const EVIL = '<img src=x onerror=alert(1)>"\'</title></script><script>alert(2)</script>&amp;';
const AGO = { en: '3 hours ago', zh: '3小时前', uk: '3 години тому', ru: '3 часа назад' };
const LATE = { en: 'Late since ', zh: '消息晚了', uk: 'Звістка запізнюється', ru: 'Весть опаздывает' };
const AGO_2D = { en: '2 days ago', zh: '2天前', uk: '2 дні тому', ru: '2 дня назад' };
const BY = { en: 'Next word', zh: '说好下一次', uk: 'Наступну звістку', ru: 'Следующая весть' };
const HEBREW = 'אודסה (נמל)';
const FAR = 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch'.repeat(2);
const NEWS = { en: 'News', zh: '消息', uk: 'Звістка', ru: 'Весть' };

const args = process.argv.slice(2);
const keep = args.includes('--keep') ? args[args.indexOf('--keep') + 1] : undefined;
const scratch = keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stillhere-now-'));
fs.mkdirSync(scratch, { recursive: true });
fs.chmodSync(scratch, 0o755); /* Started by root, nginx reads as nobody. */

const real = Math.floor(Date.now() / 1000);

function still(home, at, ...words) {
  return execFileSync(process.env.STILLHERE, ['-q', '-C', home, ...words], { encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, STILLHERE_NOW: String(at) } });
}

/* A channel whose commands ran so many seconds ago: [[ago, 'checkin', ...], ...]. */
function make(name, zones, commands) {
  const home = path.join(scratch, name);
  const first = real - (commands[0]?.[0] ?? HOUR) - HOUR;
  execFileSync(process.env.STILLHERE, ['-q', 'init', home, '--name', 'A window', '--sheet',
    `${home}.sheet`], { stdio: 'pipe', env: { ...process.env, STILLHERE_NOW: String(first) } });
  for (const [setting, value] of Object.entries(zones)) {
    still(home, first, 'settings', setting, value);
  }
  for (const [ago, ...words] of commands) still(home, real - ago, ...words);
  return { home, tree: path.join(home, 'public') };
}

/* The document with these words is lost from the disk, and the pages are made anew. */
function lose(made, words, ago) {
  const folder = path.join(made.tree, 'd');
  const found = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => fs.statSync(name).isFile() && fs.readFileSync(name, 'utf8').includes(words));
  if (found.length !== 1) throw new Error(`${words}: in ${found.length} documents`);
  fs.rmSync(found[0]);
  /* The database keeps the newest documents, too. */
  for (const end of ['', '-shm', '-wal']) {
    fs.rmSync(path.join(made.home, `private/stillhere.db${end}`), { force: true });
  }
  still(made.home, real - ago, 'rebuild');
  return made;
}

const ZONES = { zone: 'Europe/Kyiv', 'family-zone': 'Asia/Shanghai', 'family-place': 'Beijing' };

function channels() {
  const said = ['--place', 'Odesa', '--lang', 'en', 'Back from shopping.'];
  const clip = findClips().find((name) => name.includes('exo_portrait'));
  return {
    well: make('well', ZONES, [[30 * HOUR, 'checkin', '--moving'],
      [3 * HOUR, 'post', clip, '--well', '--next-due', '24h', ...said]]),
    late: make('late', ZONES, [[30 * HOUR, 'checkin', '--well', '--next-due', '26h', ...said]]),
    silent: make('silent', ZONES, [[50 * HOUR, 'checkin', '--hurt', ...said],
      [49 * HOUR, 'promise', 'silent', 'until', '+72h', 'because', 'a long journey']]),
    moving: make('moving', {}, [[3 * HOUR, 'checkin', '--moving', '--place', 'Odesa']]),
    evil: make('evil', { ...ZONES, 'family-place': EVIL }, [[30 * HOUR, 'checkin', '--status',
      EVIL, '--place', EVIL, '--lang', 'en', '--next-due', '20h', EVIL]]),
    fresh: make('fresh', ZONES, []),
    withdrawn: make('withdrawn', ZONES, [[3 * HOUR, 'checkin', '--well', 'the one that stands'],
      [2 * HOUR, 'checkin', '--hurt', 'not this'],
      [HOUR, 'withdraw', '2', '--reason', 'said too much']]),
    far: make('far', { zone: 'Asia/Kathmandu', 'family-zone': 'America/St_Johns',
      'family-place': FAR }, [[3 * HOUR, 'checkin', '--status', 'w'.repeat(200), '--place', HEBREW,
      '--next-due', '24h']]),
    nameless: make('nameless', { zone: 'Asia/Kathmandu' }, [[3 * HOUR, 'checkin', '--well']]),
    gone: make('gone', ZONES, [[2 * HOUR, 'checkin', '--hurt', 'not this'],
      [HOUR, 'withdraw', '1']]),
    overdue: make('overdue', ZONES, [[60 * HOUR, 'promise', 'every', '24h'],
      [50 * HOUR, 'checkin', '--well', '--place', 'Odesa'], [49 * HOUR, 'checkin', 'not this'],
      [48 * HOUR, 'withdraw', '3']]),
    missing: lose(make('missing', ZONES, [[50 * HOUR, 'checkin', '--well', '--next-due', '24h'],
      [HOUR, 'checkin', '--next-due', '24h', 'not here']]), 'not here', HOUR),
    long: make('long', ZONES, [[3 * HOUR, 'checkin', '--well', '--lang', 'zh-Hans',
      Array.from({ length: 2700 }, (_, i) => String.fromCodePoint(0x4e00 + (i * 7919) % 20000))
        .join('')]]),
  };
}

/* ---- what the page says ---- */

/* The reader's clock is off by so many seconds. */
function turnClock(page, off) {
  return page.addInitScript((ms) => {
    const Real = Date;
    window.Date = class extends Real {
      constructor(...parts) { super(...(parts.length ? parts : [Real.now() + ms])); }

      static now() { return Real.now() + ms; }
    };
  }, off * 1000);
}

/* How far Kyiv's clock is from UTC, as the page writes it where no place has a name. */
function zoneNow() {
  return new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Kyiv', timeZoneName: 'shortOffset' })
    .formatToParts((real - HOUR) * 1000).find((part) => part.type === 'timeZoneName').value
    .replace('GMT', 'UTC');
}

/* Open it, and say what a person sees. */
async function look(browser, url, how = {}) {
  const faults = [];
  const page = await openPage(browser, { viewport: { width: how.width ?? 390, height: 844 },
    javaScriptEnabled: how.script ?? true, colorScheme: how.scheme ?? 'light' }, faults);
  if (how.clock) await turnClock(page, how.clock);
  if (how.before) await page.addInitScript(how.before);
  const answer = await page.goto(url, { waitUntil: 'load' });
  const text = (await page.innerText('body')).replace(/\s+/g, ' ');
  const seen = { page, faults, text, answer, raw: await page.content(), title: await page.title(),
    close: () => page.context().close() };
  if (!how.stay) await seen.close();
  return seen;
}

/* "Tuesday 3 March, 14:05 in Odesa (20:05 in Beijing)" by the browser's tables, not ours. */
function moment(at, year) {
  const part = (zone, options) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options })
    .format(at * 1000).replace(',', '');
  const day = (zone) => part(zone, { weekday: 'long', day: 'numeric', month: 'long', ...year });
  const clock = (zone) => part(zone, { hour: '2-digit', minute: '2-digit' });
  const there = day('Asia/Shanghai');
  const here = day('Europe/Kyiv');
  return `${here}, ${clock('Europe/Kyiv')} in Odesa (${there === here ? '' : `${there}, `}`
    + `${clock('Asia/Shanghai')} in Beijing)`;
}

async function withoutScript(browser, base, made, where) {
  const shown = await look(browser, `${base}now/index.en.html`, { script: false });
  const at = moment(real - 3 * HOUR);
  const by = moment(real + 21 * HOUR);
  ok(shown.text.startsWith(`Well. ${at} Next word promised by ${by}. If it is later than that `
    + 'where you read this, the word is late. Back from shopping.'),
  `${where}, no script: status, time, promise and words`, shown.text);
  ok(shown.text.includes(`No word since then; this copy was made on ${
    moment(real - 3 * HOUR, { year: 'numeric' })}.`), `${where}, no script: what stale means`,
  shown.text);
  ok(!shown.text.includes('ago') && !shown.text.includes('Late since')
    && !shown.text.includes('server is up') && shown.faults.length === 0,
  `${where}, no script: nothing that only a clock can say`, `${shown.text} ${shown.faults}`);
}

/* Each line: a name, how far the clock is off, and whether relative words may stand there. */
async function clocks(browser, base, where, lines) {
  for (const [name, clock, relative] of lines) {
    const shown = await look(browser, `${base}now/index.en.html`, { clock });
    const said = shown.text.includes(relative || ' ago') || shown.text.includes('Late since');
    ok(relative ? said : !said && shown.text.startsWith(`Well. ${moment(real - 3 * HOUR)}`),
      `${where}, ${name}: ${relative || 'the absolute words stay'}`, shown.text);
    ok(shown.faults.length === 0, `${where}, ${name}: nothing on the console`, shown.faults);
  }
}

async function fourLanguages(browser, well, late) {
  for (const lang of LANGS) {
    const one = await look(browser, `${well.base}now/index.${lang}.html`);
    ok(one.text.includes(AGO[lang]) && one.title === NEWS[lang] && one.faults.length === 0,
      `${lang}: ${AGO[lang]}, and a title that names nobody`, `${one.title}: ${one.text}`);
    ok(!one.text.startsWith(LATE[lang]), `${lang}: not late`, one.text);
    const two = await look(browser, `${late.base}now/index.${lang}.html`);
    ok(two.text.startsWith(LATE[lang]) && two.faults.length === 0, `${lang}: late comes first`,
      two.text + two.faults);
  }
  const shown = await look(browser, `${late.base}now/index.en.html`);
  ok(shown.text.startsWith(`Late since ${moment(real - 4 * HOUR)}. Load this page again`)
    && shown.text.includes(`The newest word: Well. 30 hours ago ${moment(real - 30 * HOUR)}`)
    && !shown.text.includes('If it is later than that'), 'late: since when, and the word before it',
  shown.text);
}

/* ---- other states ---- */

async function states(browser, made) {
  const open = async (name, lang = 'en') => {
    const shown = await look(browser, `${pathToFileURL(made[name].tree)}/now/index.${lang}.html`);
    ok(shown.faults.length === 0, `${name} (${lang}): nothing on the console`, shown.faults);
    return shown.text;
  };
  let text = await open('silent');
  ok(text.startsWith('Hurt. 2 days ago ') && text.includes(
    `Silence was announced beforehand, until ${moment(real + 23 * HOUR)}. The reason given: `
    + 'a long journey If it is later'), 'a silence that was announced is said calmly', text);
  text = await open('moving');
  ok(/^On the move\. 3 hours ago \w+ \d+ \w+, \d\d:\d\d UTC Odesa No time was promised/.test(text),
    'without zones: UTC, and the place apart', text);
  text = await open('fresh');
  ok(text.startsWith('No word yet. No time was promised for the next word.'), 'no word yet', text);
  text = await open('long', 'zh');
  ok(text.includes('继续阅读') && !text.includes(String.fromCodePoint(0x4e00 + (2699 * 7919) % 20000)),
    'long words are cut, and the rest is a link', text.slice(0, 200));
}

const WITHDRAWN = {
  en: (at) => `A newer word was withdrawn on ${at}. Reason: said too much`,
  zh: () => '之后还有一条消息，已经撤回：', uk: () => 'Новішу звістку відкликано: ',
  ru: () => 'Более новая весть отозвана: ' };
const SINCE = { en: 'No word since then', zh: '当时没有更新的消息', uk: 'Новіших звісток на той час',
  ru: 'Более новых вестей к тому времени' };
const HOLDS = { en: 'and holds no newer word.', zh: '，其中没有更新的消息。',
  uk: 'Новіших звісток у ній немає.', ru: 'Более новых вестей в ней нет.' };
const NOTHING = { en: 'There is no word to show.', zh: '目前没有可以显示的消息。',
  uk: 'Немає звістки, яку можна показати.', ru: 'Нет вести, которую можно показать.' };
const WITHDRAWN_ONLY = { en: ' A word was withdrawn on ', zh: ' 有一条消息已经撤回：',
  uk: ' Звістку відкликано: ', ru: ' Весть отозвана: ' };
const MISSING = { en: 'There is a newer word, but it is missing in this copy.',
  zh: '还有一条更新的消息，但本副本里缺失。', uk: 'Є новіша звістка, але в цій копії її бракує.',
  ru: 'Есть более новая весть, но в этой копии её нет.' };

/* The newest word was withdrawn or is lost: the page must not say that there was none. */
async function notShown(browser, made) {
  const open = async (name, lang, script = true) => {
    const shown = await look(browser, `${pathToFileURL(made[name].tree)}/now/index.${lang}.html`,
      { script });
    ok(shown.faults.length === 0 && !shown.text.includes('not this')
      && !shown.text.includes(SINCE[lang]) && shown.text.includes(HOLDS[lang]),
    `${name} (${lang}): nothing of it, and never "${SINCE[lang]}"`, shown.text + shown.faults);
    return shown.text;
  };
  for (const lang of LANGS) {
    const at = moment(real - HOUR).replace('in Odesa', 'UTC+2');
    let text = await open('withdrawn', lang);
    ok(text.includes(WITHDRAWN[lang](at).replace('UTC+2', zoneNow())) && text.includes(AGO[lang])
      && text.includes('the one that stands') && text.includes('said too much'),
    `withdrawn (${lang}): the word that stands, and that a newer one was withdrawn`, text);
    text = await open('gone', lang);
    ok(text.startsWith(NOTHING[lang]) && text.includes(WITHDRAWN_ONLY[lang]),
      `the only word is withdrawn (${lang})`, text);
    text = await open('overdue', lang);
    ok(text.startsWith(LATE[lang]) && text.includes(AGO_2D[lang]),
      `withdrawn, and late a day after that (${lang})`, text);
    text = await open('missing', lang);
    ok(text.includes(MISSING[lang]) && !text.startsWith(LATE[lang]) && !text.includes(BY[lang]),
      `lost (${lang}): said so, and nothing is judged by the promise before it`, text);
  }
  const text = await open('overdue', 'en', false);
  ok(text.includes(`Next word promised by ${moment(real - 24 * HOUR)}.`),
    'withdrawn: the promise counts from then', text);
  const front = await look(browser, `${pathToFileURL(made.gone.tree)}/index.en.html`);
  ok(front.text.includes(NOTHING.en) && !front.text.includes('No word yet'),
    'the front page does not say that there was none', front.text);
}

/* Zones of quarters of an hour, letters from right to left, names and a status without a space. */
async function farAway(browser, made) {
  const clock = (zone) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit',
    minute: '2-digit' }).format((real - 3 * HOUR) * 1000);
  const open = (name) => look(browser, `${pathToFileURL(made[name].tree)}/now/index.en.html`,
    { stay: true });
  let shown = await open('far');
  const at = `, ${clock('Asia/Kathmandu')} in ${HEBREW} (`;
  ok(shown.text.startsWith(`${'w'.repeat(200)} 3 hours ago`) && shown.text.includes(at)
    && shown.text.includes(`${clock('America/St_Johns')} in ${FAR})`),
  'a long status, Kathmandu and Newfoundland', shown.text);
  const order = await shown.page.evaluate(() => {
    const left = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return range.getClientRects()[0].left;
    };
    const time = document.querySelector('.when time');
    return left(time.firstChild) <= left(time.querySelector('bdi'))
      && getComputedStyle(time.querySelector('bdi')).unicodeBidi === 'isolate';
  });
  ok(order, 'letters from right to left stay where the name stands');
  await shown.close();
  shown = await open('nameless');
  ok(shown.text.includes(`, ${clock('Asia/Kathmandu')} UTC+5:45 No time was promised`),
    'a zone without a name of a place: UTC+5:45', shown.text);
  await shown.close();
}

async function markup(browser, made) {
  for (const script of [false, true]) {
    const shown = await look(browser, `${pathToFileURL(made.evil.tree)}/now/index.en.html`,
      { script, stay: true });
    const found = script ? await shown.page.evaluate(() => [document.images.length,
      document.scripts.length, document.querySelectorAll('main bdi img, main p img').length]) : [];
    const times = shown.text.split('<img src=x onerror=alert(1)>').length - 1;
    ok(times >= 6 && shown.faults.length === 0 && (!script || String(found) === '0,1,0'),
      `markup in status, words and places is text (${script ? 'late, ' : 'no '}script)`,
      `${times} ${found} ${shown.faults} ${shown.text}`);
    await shown.close();
  }
}

/* ---- looks ---- */

/* A small phone, a window at 300 %, letters three times as large, and a small phone with those. */
const SIZES = [[320, 1], [427, 1], [1280, 3], [320, 2]];

async function fits(browser, url, name, langs = LANGS) {
  const wide = [];
  for (const lang of langs) {
    const shown = await look(browser, `${url}now/index.${lang}.html`, { stay: true });
    for (const [width, letters] of SIZES) {
      await shown.page.setViewportSize({ width, height: 600 });
      const over = await shown.page.evaluate((scale) => {
        document.documentElement.style.fontSize = `${scale * 100}%`;
        return document.documentElement.scrollWidth - document.documentElement.clientWidth;
      }, letters);
      if (over > 0) wide.push(`${lang}: ${width} px, letters of ${letters}00 %: ${over} px too wide`);
    }
    await shown.close();
  }
  ok(wide.length === 0, `${name}: no sideways scroll on 320 px, at 300 %, with large letters`,
    wide.join('\n'));
}

async function looks(browser, url, name) {
  for (const scheme of ['light', 'dark']) {
    const found = [];
    const small = [];
    for (const lang of LANGS) {
      const shown = await look(browser, `${url}now/index.${lang}.html`,
        { scheme, width: 320, stay: true });
      if (keep) {
        await shown.page.screenshot({ fullPage: true,
          path: path.join(keep, `${name}-${lang}-${scheme}.png`) });
      }
      found.push(...(await axe(shown.page)).map((text) => `${lang}: ${text}`));
      const pixels = await shown.page.evaluate(() => parseFloat(getComputedStyle(
        document.querySelector('.late .overdue') ?? document.querySelector('h1')).fontSize));
      if (pixels < 28) small.push(`${lang}: ${pixels} px`);
      await shown.close();
    }
    ok(found.length === 0, `${name}, ${scheme}: axe finds nothing`, found.join('\n'));
    ok(small.length === 0, `${name}, ${scheme}: the sentence has 28 px or more`, small.join('\n'));
  }
  await fits(browser, url, name);
}

/* ---- what it costs, and what it may do ---- */

async function weigh(browser, url, name) {
  for (const lang of LANGS) {
    const context = await browser.newContext({ locale: lang === 'zh' ? 'zh-CN' : lang });
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    let bytes = 0;
    let requests = 0;
    await network.send('Network.enable');
    network.on('Network.requestWillBeSent', (event) => {
      requests += !event.request.url.startsWith('data:');
    });
    network.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength; });
    await page.goto(`${url}now/`, { waitUntil: 'networkidle' });
    const spoken = await page.evaluate(() => document.documentElement.lang);
    ok(requests === 1 && bytes > 1000 && bytes <= 14000 && spoken.startsWith(lang),
      `${name}, ${lang}: one request, ${bytes} bytes`, `${requests} requests, ${spoken}`);
    await context.close();
  }
}

async function policy(browser, url) {
  const shown = await look(browser, `${url}now/index.en.html`, { stay: true });
  const head = shown.answer.headers();
  const time = Number(/^now;desc="(\d+\.\d+)"$/.exec(head['server-timing'])?.[1]);
  ok(Math.abs(time - Date.now() / 1000) < 60, 'the server says its time', head['server-timing']);
  ok(head['cache-control'] === 'no-cache' && !/script-src[^;]*unsafe/.test(
    head['content-security-policy']), 'headers', JSON.stringify(head));
  const source = /<script>(.*)<\/script>/s.exec(shown.raw)[1];
  ok(source.length <= 1000 && shown.raw.split('<script').length === 2,
    `one script of ${source.length} bytes`);
  ok(!/=>|`|\b(let|const|class|async|of)\b|\?\.|\?\?|\.\.\./.test(source),
    'whose grammar is that of 2009, so that no browser stumbles over it', source);
  await shown.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.evil = 1;';
    document.body.append(script);
  });
  ok(await shown.page.evaluate(() => window.evil === undefined)
    && shown.faults.some((fault) => fault.includes('Content Security Policy')),
  'another script does not run', shown.faults);
  await shown.close();
}

async function oldBrowsers(browser, url, name, start) {
  const removals = { 'no navigation timing': () => { performance.getEntriesByType = undefined; },
    'an empty navigation timing': () => {
      performance.getEntriesByType = () => [];
      delete window.PerformanceNavigationTiming;
    },
    'no relative times': () => { delete Intl.RelativeTimeFormat; },
    'no Intl': () => { delete window.Intl; } };
  for (const [what, before] of Object.entries(removals)) {
    const shown = await look(browser, `${url}now/index.en.html`, { before });
    ok(shown.text.startsWith(start) && !shown.text.includes(' ago') && !shown.faults.length,
      `${name}, ${what}: the absolute words stay, no error`, shown.text + shown.faults);
  }
}

/* A page that stays open: its words follow the clock, minute by minute. */
async function staysOpen(browser, url) {
  const shown = await look(browser, url, { stay: true, before: () => {
    const every = window.setInterval;
    const clock = Date.now;
    window.later = 0;
    Date.now = () => clock() + window.later * 1000;
    window.setInterval = (call, ms) => { window.tick = [call, ms]; return every(() => 0, 1e9); };
  } });
  const after = async (seconds) => {
    await shown.page.evaluate((later) => { window.later = later; window.tick[0](); }, seconds);
    return (await shown.page.innerText('body')).replace(/\s+/g, ' ');
  };
  ok(await shown.page.evaluate(() => window.tick[1]) === 60000, 'looked at again each minute');
  let text = await after(2 * HOUR);
  ok(text.startsWith('Well. 5 hours ago'), 'two hours later', text);
  ok(!text.includes('server is up'), 'that the server is up is not said of what is long ago', text);
  text = await after(21 * HOUR - 600);
  ok(text.startsWith('Well. 23 hours ago'), 'before the promised time: not late', text);
  text = await after(21 * HOUR + 120);
  ok(text.startsWith(`Late since ${moment(real + 21 * HOUR)}`), 'after it: late', text);
  text = await after(10 * 24 * HOUR);
  ok(text.includes('10 days ago') && text.startsWith('Late since'), 'ten days later', text);
  text = await after(-4 * HOUR);
  ok(!text.includes('ago') && text.startsWith('Well.'), 'set back before the word: absolute', text);
  await shown.close();
}

function links(tree) {
  const page = fs.readFileSync(path.join(tree, 'now/index.en.html'), 'utf8');
  const found = [...page.matchAll(/ href="([^"]*)"/g)].map((hit) => hit[1]);
  const dead = found.filter((href) => href !== 'data:,'
    && !fs.existsSync(path.join(tree, 'now', href)));
  ok(dead.length === 0 && !/ src=/.test(page), 'links lead to files, nothing is loaded', dead);
  ok(found.some((href) => href.startsWith('../b/') && href.endsWith('.jpg'))
    && found.some((href) => href.startsWith('../w/')), 'the poster and the dispatch are links',
  found.join(' '));
  ok(fs.readFileSync(path.join(tree, 'index.en.html'), 'utf8').includes(
    'href="now/index.en.html"'), 'the front page leads there');
}

async function run() {
  const made = channels();
  const well = await serve(made.well.home);
  const late = await serve(made.late.home);
  const long = await serve(made.long.home);
  const dumb = await dumbServer(made.well.tree);
  const proxy = await loggingProxy();
  const browser = await launch(proxy);
  const folder = `${pathToFileURL(made.well.tree)}/`;
  try {
    links(made.well.tree);
    for (const [where, base] of [['our server', well.base], ['a dumb server', dumb.base],
      ['a folder', folder]]) await withoutScript(browser, base, made, where);
    await clocks(browser, well.base, 'our server', [['clock right', 0, 'Well. 3 hours ago'],
      ['9 minutes fast', 540, 'Well. 3 hours ago'], ['9 minutes slow', -540, 'Well. 2 hours ago'],
      ['11 minutes fast', 660, ''], ['11 minutes slow', -660, ''], ['an hour slow', -HOUR, ''],
      ['a year fast', YEAR, ''], ['a year slow', -YEAR, '']]);
    for (const [where, base] of [['a dumb server', dumb.base], ['a folder', folder]]) {
      await clocks(browser, base, where, [['clock right', 0, 'Well. 3 hours ago'],
        ['an hour slow', -HOUR, 'Well. 2 hours ago'], ['before the word', -4 * HOUR, ''],
        ['a year slow', -YEAR, ''], ['a year fast', YEAR, 'Late since']]);
    }
    for (const clock of [660, -660]) {
      const shown = await look(browser, `${late.base}now/index.en.html`, { clock });
      ok(shown.text.startsWith(`Well. ${moment(real - 30 * HOUR)}`)
        && shown.text.includes('If it is later than that') && !shown.text.includes('Late since'),
      `late, by a clock that is ${clock} s off: the absolute words stay`, shown.text);
    }
    const up = await look(browser, `${well.base}now/index.en.html`);
    const silent = await look(browser, `${dumb.base}now/index.en.html`);
    ok(up.text.includes('This server is up.') && !silent.text.includes('This server is up.'),
      'only a server that says its time is said to be up', `${up.text}\n${silent.text}`);
    await fourLanguages(browser, well, late);
    await states(browser, made);
    await notShown(browser, made);
    await farAway(browser, made);
    await markup(browser, made);
    await oldBrowsers(browser, well.base, 'well', 'Well. ');
    await staysOpen(browser, `${dumb.base}now/index.en.html`);
    await policy(browser, well.base);
    await weigh(browser, well.base, 'well');
    await weigh(browser, long.base, 'long words');
    await looks(browser, well.base, 'well');
    await looks(browser, late.base, 'late');
    const others = ['silent', 'evil', 'long', 'fresh', 'far', 'overdue', 'gone', 'missing'];
    for (const [at, name] of others.entries()) {
      const tree = `${pathToFileURL(made[name].tree)}/`;
      // Two languages each, in turn: all four are seen on the pages above.
      await fits(browser, tree, name,
        process.env.STILLHERE_FULL ? LANGS : LANGS.filter((_, i) => i % 2 === at % 2));
      const shown = await look(browser, `${tree}now/index.zh.html`, { stay: true });
      const found = await axe(shown.page);
      ok(found.length === 0, `${name}: axe finds nothing`, found.join('\n'));
      await shown.close();
    }
    const foreign = proxy.asked.filter((url) => !url.startsWith('http://127.0.0.1:')
      && !/^(CONNECT |http:\/\/)[a-z0-9.-]*\.(google|googleapis|gvt1)\.com[:/]/.test(url));
    ok(proxy.asked.length > 20 && foreign.length === 0, 'nothing was asked of anybody else',
      foreign.join('\n'));
  } finally {
    await browser.close();
    proxy.close();
    dumb.close();
    for (const server of [well, late, long]) await server.close();
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
