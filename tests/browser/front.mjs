/*
 * The page behind the link of an alarm in Debian's Chromium: four languages, light and dark, a
 * narrow phone, 300 % zoom, without script; looking changes nothing, the button does.
 *
 *   test-front                     the test (TAP)
 *   test-front --keep DIR          leaves pictures of the pages there
 */
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { serve } from './channel.mjs';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LANGS = ['en', 'zh', 'uk', 'ru'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let count = 0;
let broken = 0;
function ok(good, name, detail) {
  count += 1;
  if (!good) broken += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (!good && detail !== undefined) {
    for (const line of String(detail).split('\n').slice(0, 20)) console.log(`# ${line}`);
  }
}

/* A channel, the book of a watch, and one alarm of each kind in each language. */
function prepare(scratch) {
  const home = path.join(scratch, 'home');
  const still = (...args) => {
    try {
      execFileSync(process.env.STILLHERE, ['-q', '-C', home, ...args], { stdio: 'pipe' });
    } catch (error) {
      if (error.status !== 4) throw error; /* Nothing was promised, so nothing can be late. */
    }
  };
  execFileSync(process.env.STILLHERE, ['-q', 'init', home, '--name', 'A window in Odesa',
    '--sheet', path.join(scratch, 'sheet.txt')], { stdio: 'pipe' });
  still('watch', home, '--once');
  const book = path.join(home, 'private/watch/watch.db');
  const codes = {};
  const rows = [];
  const now = Math.floor(Date.now() / 1000);
  let number = 100;
  for (const kind of [0, 1, 2]) {
    LANGS.forEach((lang, i) => {
      const code = crypto.randomBytes(32).toString('hex').replace(/[018-9]/g, 'k').slice(0, 26);
      const hash = crypto.createHash('sha256').update(code).digest('hex');
      number += 1;
      codes[`${lang}${kind}`] = { code, number };
      rows.push(`INSERT INTO episodes(channel, number, kind, since, opened_at)
        VALUES('c', ${number}, ${kind}, ${now - 3600}, ${now});
        INSERT INTO codes(hash, channel, number, contact, lang)
        VALUES(x'${hash}', 'c', ${number}, 'olena', ${i});`);
    });
  }
  execFileSync('sqlite3', [book, rows.join('\n')]);
  const acked = (key) => Number(execFileSync('sqlite3', [book,
    `SELECT acked_at FROM episodes WHERE channel='c' AND number=${codes[key].number}`],
  { encoding: 'utf8' }));
  return { home, codes, acked };
}

async function open(browser, options, faults) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => faults.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:,$)/.test(request.url())) {
      faults.push(`foreign: ${request.url()}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  return page;
}

/* The limit of requests is for people; the test waits like one. */
async function go(page, url) {
  await new Promise((done) => setTimeout(done, 210));
  return page.goto(url, { waitUntil: 'load' });
}

function axe(page) {
  return page.evaluate(async ([source, tags]) => {
    if (!window.axe) (0, eval)(source);
    const result = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3)
      .map((n) => n.html.slice(0, 120)).join(' | ')}`);
  }, [AXE, TAGS]);
}

function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth
    - document.documentElement.clientWidth);
}

async function looks(browser, base, made, keep) {
  for (const [scheme, width] of [['light', 320], ['dark', 390], ['light', 1280]]) {
    const faults = [];
    const found = [];
    const wide = [];
    const page = await open(browser, { viewport: { width, height: 700 }, colorScheme: scheme },
      faults);
    for (const lang of LANGS) {
      for (const kind of width === 320 ? [0, 1, 2] : [0]) {
        await go(page, `${base}ack/${made.codes[`${lang}${kind}`].code}`);
        found.push(...(await axe(page)).map((text) => `${lang}: ${text}`));
        if (await overflow(page) > 0) wide.push(`${lang} ${kind}`);
        const box = await page.locator('button').boundingBox();
        if (box.height < 48 || box.x < 0 || box.x + box.width > width) wide.push(`${lang} button`);
        if (keep) {
          await page.screenshot({ fullPage: true,
            path: path.join(keep, `ack-${lang}-${kind}-${scheme}-${width}.png`) });
        }
      }
    }
    const label = `four languages, ${scheme}, ${width} px`;
    ok(found.length === 0, `${label}: axe finds nothing`, found.join('\n'));
    ok(wide.length === 0, `${label}: no sideways scroll, a large button`, wide.join('\n'));
    ok(faults.length === 0, `${label}: nothing on the console, nothing from elsewhere`,
      faults.join('\n'));
    await page.context().close();
  }
}

/* 300 %: the same as a window of a third of the width. */
async function zoomed(browser, base, made) {
  const page = await open(browser, { viewport: { width: 240, height: 200 }, deviceScaleFactor: 3 },
    []);
  const wide = [];
  for (const lang of LANGS) {
    await go(page, `${base}ack/${made.codes[`${lang}0`].code}`);
    if (await overflow(page) > 0) wide.push(lang);
  }
  ok(wide.length === 0, '300 % zoom of a 720 px window: no sideways scroll', wide.join(' '));
  await page.context().close();
}

async function presses(browser, base, made, options) {
  const { lang, label } = options;
  const key = `${lang}0`;
  const address = `${base}ack/${made.codes[key].code}`;
  const faults = [];
  const page = await open(browser, { viewport: { width: 360, height: 700 },
    javaScriptEnabled: options.script }, faults);
  await go(page, address);
  await go(page, address);
  await page.reload({ waitUntil: 'load' });
  ok(made.acked(key) === 0, `${label}: opened twice and again: nothing changed`);
  if (options.keyboard) {
    for (let i = 0; i < 5; i++) await page.keyboard.press('Tab');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  } else {
    await Promise.all([page.waitForNavigation(), page.click('button')]);
  }
  ok(made.acked(key) > 0, `${label}: the button acknowledges`, await page.content());
  ok(page.url() === address && await page.locator('button').count() === 0
    && await page.locator('time').count() === 1,
  `${label}: the page says so, and has no button`, await page.content());
  const at = made.acked(key);
  await page.reload({ waitUntil: 'load' });
  await page.goBack().catch(() => null);
  ok(made.acked(key) === at, `${label}: reload and back do nothing more`);
  ok(faults.length === 0, `${label}: nothing on the console`, faults.join('\n'));
  await page.context().close();
}

/* A page of somebody else knows the code and sends the form: it is refused. */
async function foreign(browser, base, made) {
  const key = 'en1';
  const address = `${base}ack/${made.codes[key].code}`;
  const page = await open(browser, {}, []);
  await page.route('http://evil.test/**', (route) => route.fulfill({ contentType: 'text/html',
    body: `<form method="post" action="${address}"><button name="seen" value="1">x</button></form>` }));
  await page.goto('http://evil.test/');
  const [answer] = await Promise.all([page.waitForResponse(address), page.click('button')]);
  ok(answer.status() === 403 && made.acked(key) === 0,
    'a form on a page of somebody else is refused', answer.status());
  await page.context().close();
}

async function switches(browser, base, made) {
  const page = await open(browser, { viewport: { width: 360, height: 700 } }, []);
  await go(page, `${base}ack/${made.codes.en1.code}`);
  await Promise.all([page.waitForNavigation(), page.click('nav a[lang=uk]')]);
  ok(await page.evaluate(() => document.documentElement.lang) === 'uk'
    && await page.locator('nav a[aria-current]').textContent() === 'Українська',
  'another language is one tap away');
  await Promise.all([page.waitForNavigation(), page.click('button')]);
  ok(await page.evaluate(() => document.documentElement.lang) === 'uk' && made.acked('en1') > 0,
    'and stays when the button was pressed');
  await page.context().close();
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stillhere-ack-'));
fs.chmodSync(scratch, 0o755);
const at = process.argv.indexOf('--keep');
const keep = at > 0 ? process.argv[at + 1] : null;
if (keep) fs.mkdirSync(keep, { recursive: true });
let server;
let browser;
try {
  const made = prepare(scratch);
  server = await serve(made.home);
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
  await looks(browser, server.base, made, keep);
  await zoomed(browser, server.base, made);
  await presses(browser, server.base, made, { lang: 'zh', script: true, label: 'a tap' });
  await presses(browser, server.base, made, { lang: 'uk', script: false, label: 'without script' });
  await presses(browser, server.base, made,
    { lang: 'ru', script: true, keyboard: true, label: 'by keyboard' });
  await foreign(browser, server.base, made);
  await switches(browser, server.base, made);
} catch (error) {
  ok(false, 'the test itself', error.stack);
} finally {
  await browser?.close();
  await server?.close();
  fs.rmSync(scratch, { recursive: true, force: true });
}
console.log(`1..${count}`);
process.exitCode = broken ? 1 : 0;
