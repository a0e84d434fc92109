/* What the tests of pages share: counting, a page that writes down faults, axe, the browser. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const LANGS = ['en', 'zh', 'uk', 'ru'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let count = 0;
let broken = 0;
export function ok(good, name, detail) {
  count += 1;
  if (!good) broken += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (!good && detail !== undefined) {
    for (const line of String(detail).split('\n').slice(0, 20)) console.log(`# ${line}`);
  }
}

/* A page that writes down whatever goes wrong on it. */
export async function openPage(browser, options, faults) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => faults.push(`console ${message.type()}: ${message.text()}`));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|file:|data:,$)/.test(request.url())) {
      faults.push(`foreign: ${request.url()}`);
    }
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => {
    /* A player gives up ranges that it no longer needs. */
    if (request.resourceType() !== 'media') {
      faults.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  return page;
}

/* What axe finds, a line each. */
export function axe(page) {
  return page.evaluate(async ([source, tags]) => {
    if (!window.axe) (0, eval)(source);
    const result = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3)
      .map((n) => n.html.slice(0, 120)).join(' | ')}`);
  }, [AXE, TAGS]);
}

/* Where the keyboard goes: every link is reached in order, and its focus can be seen. */
function tabWalk(page) {
  return page.evaluate(() => {
    const missed = [];
    for (const link of document.querySelectorAll('a[href]')) {
      link.focus({ focusVisible: true });
      const style = getComputedStyle(link);
      if (document.activeElement !== link) missed.push(`no focus: ${link.outerHTML}`);
      else if (style.outlineStyle === 'none') missed.push(`not seen: ${link.outerHTML}`);
    }
    return missed;
  });
}

/* What a finger must hit: 24 px at least each way (WCAG 2.5.8), also in a line of the foot. */
function small(page) {
  return page.evaluate(() => [...document.querySelectorAll('a[href], button')]
    .map((one) => [one.getBoundingClientRect(), one.textContent])
    .filter(([box]) => box.width < 24 || box.height < 24)
    .map(([box, text]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${text}`));
}

/* Words of headings that do not stay whole when all letters are twice as large. */
export function brokenWords(page) {
  return page.evaluate(() => {
    const broken = [];
    document.documentElement.style.fontSize = '200%';
    for (const one of document.querySelectorAll('h1, .overdue')) {
      const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        for (const word of walk.currentNode.data.matchAll(/\S+/g)) {
          const range = document.createRange();
          range.setStart(walk.currentNode, word.index);
          range.setEnd(walk.currentNode, word.index + word[0].length);
          if (range.getClientRects().length > 1) broken.push(word[0]);
        }
      }
    }
    document.documentElement.style.fontSize = '';
    return broken;
  });
}

/* Folders of pages in four languages: axe, width, focus; what was seen, by folder and language. */
export async function lookAt(browser, base, folders, look, keep) {
  const faults = [];
  const seen = {};
  const { scheme, width } = look;
  const label = `${scheme}, ${width} px`;
  const page = await openPage(browser,
    { viewport: { width, height: 800 }, colorScheme: scheme, bypassCSP: false }, faults);
  for (const folder of folders) {
    const found = [];
    const wide = [];
    const walked = [];
    const tiny = [];
    const broken = [];
    for (const lang of LANGS) {
      await page.goto(`${base}${folder}index.${lang}.html`, { waitUntil: 'load' });
      if (keep) {
        await page.screenshot({ fullPage: true, path: path.join(keep,
          `${folder.replaceAll('/', '-') || 'front-'}${lang}-${scheme}-${width}.png`) });
      }
      seen[`${folder}${lang}`] = await page.evaluate(() => document.body.innerText);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth
        - document.documentElement.clientWidth);
      if (overflow > 0) wide.push(`${lang}: ${overflow} px too wide`);
      found.push(...(await axe(page)).map((text) => `${lang}: ${text}`));
      walked.push(...await tabWalk(page));
      tiny.push(...(await small(page)).map((text) => `${lang}: ${text}`));
      if (lang !== 'zh') broken.push(...await brokenWords(page));
    }
    const name = `${folder || 'front page'} (${label}, four languages)`;
    ok(found.length === 0, `${name}: axe finds nothing`, found.join('\n'));
    ok(wide.length === 0, `${name}: no sideways scroll`, wide.join('\n'));
    ok(walked.length === 0, `${name}: every link takes the focus and shows it`,
      walked.join('\n'));
    ok(broken.length === 0, `${name}: words of headings stay whole at 200 %`, broken.join('\n'));
    ok(tiny.length === 0, `${name}: every link is large enough for a finger`, tiny.join('\n'));
  }
  ok(faults.length === 0, `nothing on the console (${label})`, faults.join('\n'));
  await page.context().close();
  return seen;
}

/* Each link of the tree's pages leads to a file. */
export function deadLinks(tree) {
  const dead = [];
  const walk = (dir) => {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
      const name = path.join(dir, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (name.endsWith('.html')) {
        for (const hit of fs.readFileSync(name, 'utf8')
          .matchAll(/ (?:href|src|poster)="([^"]*)"/g)) {
          if (hit[1] !== 'data:,' && !fs.existsSync(path.join(dir, hit[1].split('#')[0]))) {
            dead.push(`${name}: ${hit[1]}`);
          }
        }
      }
    }
  };
  walk(tree);
  return dead;
}

/* The plan of TAP, unless a picture was all that was wanted; the exit code. */
export function tally(how) {
  if (how === 'plan') console.log(`1..${count}`);
  process.exitCode = broken ? 1 : 0;
}

/* Debian's Chromium, every request through the proxy. */
export function launch(proxy) {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS,
    proxy: { server: proxy.address, bypass: '<-loopback>' } });
}
