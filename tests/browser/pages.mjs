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

/* A front page with pictures, where the colours are the system's own, and on paper. */
async function inColours(browser, base) {
  const page = await openPage(browser, { viewport: { width: 375, height: 800 },
    colorScheme: 'dark', forcedColors: 'active' }, []);
  await page.goto(`${base}index.en.html`, { waitUntil: 'load' });
  const edge = await page.evaluate(() =>
    getComputedStyle(document.querySelector('.shot'), '::after').borderTopColor);
  ok(edge === 'rgba(0, 0, 0, 0)', 'forced colours leave the play mark a triangle', edge);
  await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'dark' });
  const paper = await page.evaluate(() => {
    const shown = (sel) => getComputedStyle(document.querySelector(sel)).display !== 'none';
    const root = getComputedStyle(document.documentElement);
    return { picture: shown('.shot img') && shown('.shot'), languages: shown('.langs'),
      late: root.getPropertyValue('--late').trim() };
  });
  ok(paper.picture && !paper.languages && paper.late === '#000',
    'on paper the front page has its picture, and all of it is dark on white',
    JSON.stringify(paper));
  await page.context().close();
}

/* Pictures that do not come: the play mark stays off the words below it. */
async function withoutPictures(browser, base) {
  const page = await openPage(browser, { viewport: { width: 768, height: 800 } }, []);
  await page.route(/\.jpg$/, (route) => route.abort());
  await page.goto(`${base}index.uk.html`, { waitUntil: 'load' });
  const [mark, words] = await page.evaluate(() => {
    const shot = document.querySelector('.shot');
    const style = getComputedStyle(shot, '::before');
    return [shot.getBoundingClientRect().top + parseFloat(style.top) + parseFloat(style.height),
      shot.querySelector('span').getBoundingClientRect().top];
  });
  ok(mark <= words, 'without pictures the play mark covers no words', `${mark}, ${words}`);
  await page.context().close();
}

/* A page with a video on paper: the still picture in the player's place, asked for once. */
async function onPaper(browser, base, clip) {
  const page = await openPage(browser, { viewport: { width: 800, height: 800 } }, []);
  const asked = [];
  page.on('request', (request) => request.url().endsWith('.jpg') && asked.push(request.url()));
  await page.goto(base + clip.page, { waitUntil: 'load' });
  const look = () => page.evaluate(() => {
    const img = document.querySelector('img.paper');
    return { player: getComputedStyle(document.querySelector('video')).display !== 'none',
      shown: getComputedStyle(img).display !== 'none', loaded: img.naturalWidth > 0 };
  });
  const screen = await look();
  ok(screen.player && !screen.shown, 'on a screen the player stands alone',
    JSON.stringify(screen));
  await page.emulateMedia({ media: 'print' });
  await page.waitForFunction(() => document.querySelector('img.paper').naturalWidth > 0, null,
    { timeout: 5000 }).catch(() => 0);
  const paper = await look();
  ok(!paper.player && paper.shown && paper.loaded, 'on paper its still picture does',
    JSON.stringify(paper));
  ok(asked.length === 1, 'the picture was asked for once', asked.join('\n'));
  await page.context().close();
}

/* Without style nothing runs together; a name of one long word is broken; titles differ. */
async function bare(browser, base, folders, clip) {
  const page = await openPage(browser, { viewport: { width: 320, height: 800 } }, []);
  const titles = [];
  for (const folder of folders) {
    await page.goto(`${base}${folder}index.en.html`, { waitUntil: 'load' });
    titles.push(await page.title());
  }
  ok(new Set(titles).size === titles.length, 'each page has a title of its own',
    titles.join('\n'));
  await page.goto(base + clip.page, { waitUntil: 'load' });
  await page.evaluate(() => { document.querySelector('.who bdi').textContent = 'Ф'.repeat(60); });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  ok(wide <= 320, 'a name of one word of 60 letters stays on the page', wide);
  await page.evaluate(() => document.querySelectorAll('style').forEach((one) => one.remove()));
  const text = await page.evaluate(() => document.body.textContent);
  const stuck = text.match(/Odesacity|UTCSource|\dChannel|ФChannel|[0-9a-f]{64}\d+ bytes/g);
  ok(!stuck && /Odesa\s+city/.test(text), 'without style no two things run together', stuck);
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
  await readme(browser, server.base);
  await playAll(browser, server.base, made);
  await inColours(browser, server.base);
  await withoutPictures(browser, server.base);
  await onPaper(browser, server.base, made.clips[0]);
  await bare(browser, server.base, folders, made.clips[0]);
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
  const picture = await page.screenshot({ path: file });
  const id = await page.locator('.id').first().boundingBox();
  await context.close();
  return { picture, id };
}

/* How many of a thousand pixels of two pictures differ, but for the channel's id. */
async function differing(browser, one, other, id) {
  const page = await browser.newPage();
  const asUrl = (picture) => `data:image/png;base64,${picture.toString('base64')}`;
  const share = await page.evaluate(async ([first, second, skip]) => {
    const pixels = async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      context.fillRect(skip.x - 4, skip.y - 4, skip.width + 8, skip.height + 8);
      return context.getImageData(0, 0, canvas.width, canvas.height);
    };
    const [a, b] = [await pixels(first), await pixels(second)];
    if (a.width !== b.width || a.height !== b.height) return 1000;
    let count = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      if (Math.abs(a.data[i] - b.data[i]) > 48) count++;
    }
    return 4000 * count / a.data.length;
  }, [asUrl(one), asUrl(other), id]);
  await page.close();
  return share;
}

/* The README shows the page as it is now: one line more moves what is below it. */
async function readme(browser, base) {
  const kept = fs.readFileSync(path.join(process.env.STILLHERE_SOURCE, 'docs/timeline.png'));
  const { picture, id } = await screenshot(browser, base);
  const share = await differing(browser, kept, picture, id);
  ok(share < 5, 'the picture in the README is of this page (test-pages --screenshot makes it anew)',
    `${share.toFixed(1)} of 1000 pixels differ`);
}

const args = process.argv.slice(2);
const value = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const keep = value('--keep');
const scratch = keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stillhere-browser-'));
fs.chmodSync(scratch, 0o755); /* Started by root, nginx reads as nobody. */
const SHOWN = ['exo_portrait', 'intel_car', 'tmk_pattern-hd', 'nasa_13013', 'tmk_pattern-sd-with',
  'tmk_doorknob', 'tmk_chair-22-sd-sepia', 'tmk_pattern-sd-grey', 'tmk_chair-orig'];

async function run() {
  const shown = (clip) => SHOWN.findIndex((name) => path.basename(clip).startsWith(name));
  const made = makeChannel(scratch, findClips().sort((a, b) => shown(a) - shown(b)));
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
