/* What the tests of pages share: counting, a page that writes down faults, axe, the browser. */
import fs from 'node:fs';
import { createRequire } from 'node:module';

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
