/*
 * A channel of the twelve real clips in Debian's Chromium: each video plays, nothing is asked
 * of anybody else, the console stays empty, axe finds nothing, nothing is wider than a phone.
 *
 *   test-pages                     the test (TAP)
 *   test-pages --screenshot FILE   writes the picture of the README instead
 *   test-pages --keep DIR          leaves the channel and pictures of the pages there
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findClips, makeChannel, serve } from './channel.mjs';
import { axe, deadLinks, launch, lookAt, ok, openPage, tally } from './look.mjs';
import { dumbServer, loggingProxy } from './servers.mjs';

/* Play until min(1 s, 80 %) has been shown; what the player says. */
function play(page) {
  return page.evaluate(async () => {
    const video = document.querySelector('video');
    const box = video.getBoundingClientRect();
    video.muted = true;
    const failed = new Promise((_, no) => {
      video.onerror = () => no(new Error(video.error?.message ?? 'video error'));
      setTimeout(() => no(new Error(`stands at ${video.currentTime} of ${video.duration}`)),
        30000);
    });
    const shown = (async () => {
      await video.play();
      for (;;) {
        if (video.currentTime >= Math.min(1, 0.8 * video.duration)) return;
        await new Promise((done) => setTimeout(done, 20));
      }
    })();
    await Promise.race([shown, failed]);
    return { width: video.videoWidth, height: video.videoHeight,
      saidWidth: video.width, saidHeight: video.height,
      boxWidth: box.width, boxHeight: box.height, seconds: video.duration };
  });
}

async function playAll(browser, base, made) {
  const faults = [];
  const page = await openPage(browser, { viewport: { width: 390, height: 844 } }, faults);
  for (const clip of made.clips) {
    const name = `${clip.page} plays`;
    try {
      await page.goto(base + clip.page, { waitUntil: 'load' });
      const seen = await play(page);
      const poster = await page.evaluate(() => document.querySelector('video').poster);
      ok(poster, `${name}: has a poster`);
      /* Upright: what is decoded has the shape that the page promised, and the box keeps it. */
      const said = seen.saidWidth / seen.saidHeight;
      ok(Math.abs(seen.width / seen.height - said) / said < 0.02,
        `${name}: upright and whole`, JSON.stringify(seen));
      ok(seen.boxWidth <= 390 && seen.boxHeight <= 844 + 1, `${name}: fits the window`,
        JSON.stringify(seen));
    } catch (error) {
      ok(false, name, error.message);
    }
  }
  ok(faults.length === 0, 'nothing on the console while playing', faults.join('\n'));
  await page.context().close();
}

/* The instruments themselves: each must see a fault that we make. */
async function controls(browser, base) {
  const faults = [];
  const page = await openPage(browser, { viewport: { width: 320, height: 800 } }, faults);
  await page.goto(`${base}index.en.html`, { waitUntil: 'load' });
  await page.evaluate(() => {
    document.documentElement.removeAttribute('lang');
    document.querySelector('main p').style.color = '#eee';
  });
  const found = (await axe(page)).join('\n');
  ok(found.includes('html-has-lang') && found.includes('color-contrast'),
    'axe sees a missing language and a pale text', found);
  await page.evaluate(() => { document.querySelector('main').style.width = '400px'; });
  ok(await page.evaluate(() => document.documentElement.scrollWidth) > 320,
    'a page that is too wide is seen');
  await page.evaluate(() => { fetch('http://192.0.2.1/').catch(() => 0); });
  await page.waitForTimeout(500);
  ok(faults.some((fault) => fault.includes('Content Security Policy')),
    'the policy stops a request to somebody else, and the console says so',
    faults.join('\n'));
  await page.context().close();
}

/* What a reader without a server gets: the same pages from a folder. */
async function fromFolder(browser, made, folder, base) {
  const faults = [];
  const page = await openPage(browser, { viewport: { width: 390, height: 844 } }, faults);
  await page.goto(`${base}index.html`, { waitUntil: 'load' });
  const picture = await page.evaluate(() => document.images[0]?.naturalWidth ?? 0);
  ok(picture > 0, `${folder}: the front page shows its picture`);
  await page.click('main a[href]');
  await page.waitForLoadState('load');
  ok(page.url().includes('/w/'), `${folder}: its first link leads to a dispatch`, page.url());
  try {
    await play(page);
    ok(true, `${folder}: a video plays`);
  } catch (error) {
    ok(false, `${folder}: a video plays`, error.message);
  }
  await page.click('nav a[lang="uk"]');
  await page.waitForLoadState('load');
  ok(await page.evaluate(() => document.documentElement.lang) === 'uk',
    `${folder}: another language is one step away`);
  ok(faults.length === 0, `${folder}: nothing on the console`, faults.join('\n'));
  await page.context().close();
}

async function test(browser, proxy, made, server, keep) {
  const folder = (index) => path.dirname(made.clips.find((clip) => clip.index === index)?.page
    ?? `w/${String(index).padStart(3, '0')}/x`) + '/';
  const folders = ['', folder(made.clips[0].index), folder(made.checkin),
    folder(made.withdrawn), 'p/000/'];
  const dead = deadLinks(made.tree);
  ok(dead.length === 0, 'every link on every page leads to a file', dead.join('\n'));
  await controls(browser, server.base);
  await playAll(browser, server.base, made);
  for (const scheme of ['light', 'dark']) {
    for (const width of [320, 1280]) {
      await lookAt(browser, server.base, folders, { scheme, width }, keep);
    }
  }
  const dumb = await dumbServer(made.tree);
  await fromFolder(browser, made, 'a server that only hands out files', dumb.base);
  dumb.close();
  await fromFolder(browser, made, 'file://', `${pathToFileURL(made.tree)}/`);
  /* Chromium itself looks for its updates and accounts, whatever is on a page. */
  const foreign = proxy.asked.filter((url) => !url.startsWith('http://127.0.0.1:')
    && !/^(CONNECT |http:\/\/)[a-z0-9.-]*\.(google|googleapis|gvt1)\.com[:/]/.test(url));
  ok(proxy.asked.length > 100, 'the proxy saw the requests', proxy.asked.length);
  ok(foreign.length === 0, 'nothing was asked of anybody else', foreign.join('\n'));
}

async function screenshot(browser, base, file) {
  const context = await browser.newContext({ viewport: { width: 960, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${base}index.en.html`, { waitUntil: 'load' });
  await page.waitForTimeout(500);
  await page.screenshot({ path: file });
}

const args = process.argv.slice(2);
const value = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const keep = value('--keep');
const scratch = keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stillhere-browser-'));
fs.chmodSync(scratch, 0o755); /* Started by root, nginx reads as nobody. */
const SHOWN = ['exo_portrait', 'intel_car', 'tmk_pattern-hd', 'nasa_13013', 'tmk_pattern-sd-with',
  'tmk_doorknob', 'tmk_chair-22-sd-sepia', 'tmk_pattern-sd-grey', 'tmk_chair-orig'];

async function run() {
  const clips = findClips();
  const wanted = value('--screenshot')
    ? SHOWN.map((name) => clips.find((clip) => path.basename(clip).startsWith(name))) : clips;
  const made = makeChannel(scratch, wanted);
  const server = await serve(made.home);
  const proxy = await loggingProxy();
  const browser = await launch(proxy);
  try {
    if (value('--screenshot')) await screenshot(browser, server.base, value('--screenshot'));
    else await test(browser, proxy, made, server, keep);
  } finally {
    await browser.close();
    proxy.close();
    await server.close();
  }
}

try {
  await run();
} catch (error) {
  ok(false, 'the test came to its end', `${error.stack}\n${error.stderr ?? ''}`);
} finally {
  if (!keep) fs.rmSync(scratch, { recursive: true, force: true });
}
tally(value('--screenshot') ? 'quiet' : 'plan');
