import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../../packages/track/src/gateway.suite.ts';
import { launchChromium } from '../support/chromium.ts';
import { MillraceProcess, rows, settled } from '../support/millrace-process.ts';
import { openSite, type Site } from '../support/site.ts';

// The script that Millrace serves, in the pages of another origin, with a bad
// network between: at the end each event is in the store, once.

const pipeline = fileURLToPath(new URL('../../examples/shop/millrace.config.ts', import.meta.url));
const within = { timeout: 60_000 };
const hourMs = 3_600_000;

let browser: Browser;
let context: BrowserContext;
let data: string;
let millrace: MillraceProcess;
let url: string;
let gateway: Gateway;
let site: Site;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-track-'));
  await start();
  gateway = await openGateway(() => url);
  site = await openSite(({ pathname, searchParams }) =>
    pathname === '/bare'
      ? ''
      : `<!doctype html><title>Shop</title>
      <script>(window.millrace ??= []).push(['track', 'click', { element: 'early' }]);</script>
      <script async src="${gateway.url}/millrace.js" data-write-key="w"
        ${searchParams.get('tag') ?? ''}></script>`,
  );
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  site.close();
  await gateway.close();
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

beforeEach(async () => {
  gateway.behave('pass');
  context = await browser.newContext();
  context.setDefaultTimeout(60_000);
});
afterEach(() => context.close());

async function start(): Promise<void> {
  millrace = new MillraceProcess({ pipeline, data, env: { MILLRACE_WRITE_KEYS: 'w' } });
  url = await millrace.url();
}

/** A tab with the script in it. */
async function open(path = '/'): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site.url + path);
  await started(page);
  return page;
}
const started = (page: Page) => page.waitForFunction('!Array.isArray(window.millrace)');

const track = (page: Page, elements: readonly string[], padding = ''): Promise<unknown> =>
  page.evaluate(
    `for (const element of ${JSON.stringify(elements)}) {
       millrace.track('click', { element, padding: '${padding}' });
     }`,
  );
const named = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${name}-${at}`);

/** How many events wait in the storage of the page's origin. */
const waiting = (page: Page): Promise<unknown> =>
  page.evaluate(`Object.keys(localStorage).filter((name) => name.includes('queue')).length`);

async function stored(name: string): Promise<readonly unknown[]> {
  await settled(url);
  const found = await rows<{ element: string }>(
    url,
    `SELECT toString(properties.element) AS element FROM events
     WHERE type = 'click' AND startsWith(element, '${name}-') ORDER BY element`,
  );
  return found.map(({ element }) => element);
}
const storedOnce = (name: string, count: number): Promise<void> =>
  expect.poll(() => stored(name), within).toEqual(named(name, count).sort());

describe('the tracker in a browser', () => {
  test('counts pages, also those the script goes to, and who is in which session', async () => {
    const page = await open('/shoes?utm_source=letter&token=secret#top');
    await page.evaluate(`history.pushState({}, '', '/boots'); document.title = 'Boots';`);
    // The view is taken by a timer that was set before this one.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 10))');
    await page.evaluate(`millrace.identify('ann', { plan: 'pro' })`);
    await track(page, ['who-0']);
    await storedOnce('who', 1);
    const found = await rows(
      url,
      `SELECT type, toString(properties.path) AS path, toString(properties.title) AS title,
              toString(properties.utm_source) AS campaign, user_id,
              uniqExact(session_id) OVER () AS sessions, uniqExact(anonymous_id) OVER () AS visitors,
              toString(properties) LIKE '%secret%' AS private
       FROM events WHERE toString(context.page.url) LIKE '${site.url}%' ORDER BY event_id`,
    );
    const event = { path: '', title: '', campaign: '', user_id: null };
    const same = { sessions: '1', visitors: '1', private: 0 };
    expect(found).toEqual([
      { ...event, ...same, type: 'page', path: '/shoes', title: 'Shop', campaign: 'letter' },
      { ...event, ...same, type: 'click' },
      { ...event, ...same, type: 'page', path: '/boots', title: 'Boots' },
      { ...event, ...same, type: 'identify', user_id: 'ann' },
      { ...event, ...same, type: 'click', user_id: 'ann' },
    ]);
  });

  test('keeps events while there is no network, and sends them when it is back', async () => {
    const page = await open();
    await context.setOffline(true);
    await track(page, named('offline', 120));
    await page.evaluate('millrace.flush()');
    expect(await waiting(page)).toBeGreaterThanOrEqual(120);
    await context.setOffline(false);
    await storedOnce('offline', 120);
    await expect.poll(() => waiting(page), within).toBe(0);
  });

  test('sends from the next page what a reload found waiting', async () => {
    const page = await open();
    gateway.behave('cut');
    await track(page, named('reload', 5));
    await page.evaluate('millrace.flush()');
    gateway.behave('hold');
    await page.reload({ waitUntil: 'commit' });
    gateway.behave('pass');
    await storedOnce('reload', 5);
    await expect.poll(() => waiting(page), within).toBe(0);
  });

  test('gets out what was tracked as its page was left', async () => {
    const page = await open();
    await track(page, named('leaving', 5));
    await page.goto(`${site.url}/bare`);
    await storedOnce('leaving', 5);
  });

  test('counts once what was under way as its tab was closed, and more than may outlive a page', async () => {
    const page = await open();
    await page.evaluate('millrace.flush()');
    gateway.behave('hold');
    const before = gateway.bodies.length;
    await track(page, named('midway', 200), 'x'.repeat(400));
    await expect.poll(() => gateway.bodies.length, within).toBe(before + 1);
    await page.close();
    gateway.behave('pass');
    const next = await open();
    await storedOnce('midway', 200);
    await expect.poll(() => waiting(next), within).toBe(0);
    await storedOnce('midway', 200);
  });

  test.each([5, -7])('corrects a clock that is %i hours wrong', async (hours) => {
    await context.addInitScript(
      `const now = Date.now; Date.now = () => now() + ${hours * hourMs};`,
    );
    const page = await open();
    gateway.behave({ status: 503 });
    await track(page, [`clock${hours}-0`]);
    await page.evaluate('millrace.flush()');
    gateway.behave('pass');
    await storedOnce(`clock${hours}`, 1);
    const found = await rows(
      url,
      `SELECT abs(timestamp - received_at) < 60 AS right FROM events
       WHERE toString(properties.element) = 'clock${hours}-0'`,
    );
    expect(found).toEqual([{ right: 1 }]);
  });

  test('counts once what several tabs send', async () => {
    const tabs = [await open(), await open()];
    for (const tab of tabs) {
      await tab.evaluate('millrace.flush()');
      await expect.poll(() => waiting(tab), within).toBe(0);
    }
    gateway.behave('lose answers');
    const all = named('tabs', 20);
    const duplicatesBefore = (await settled(url)).duplicates;
    await Promise.all(tabs.map((tab, at) => track(tab, all.slice(at * 10, at * 10 + 10))));
    await Promise.all(tabs.map((tab) => tab.evaluate('millrace.flush()')));
    // One that came later takes over what waits, and the others do not know.
    const third = await context.newPage();
    await third.goto(site.url, { waitUntil: 'commit' });
    gateway.behave('pass');
    await started(third);
    await storedOnce('tabs', 20);
    for (const tab of [...tabs, third]) await expect.poll(() => waiting(tab), within).toBe(0);
    const { duplicates } = await settled(url);
    expect(duplicates - duplicatesBefore).toBeGreaterThanOrEqual(20);
    await storedOnce('tabs', 20);
  });

  test('loses nothing when the server is killed, and started again', async () => {
    const page = await open();
    await track(page, named('killed', 30).slice(0, 10));
    await page.evaluate('void millrace.flush()');
    millrace.kill('SIGKILL');
    await millrace.exited;
    await track(page, named('killed', 30).slice(10, 20));
    await page.evaluate('millrace.flush()');
    await start();
    await track(page, named('killed', 30).slice(20));
    await storedOnce('killed', 30);
    await expect.poll(() => waiting(page), within).toBe(0);
  });

  test('stores and sends nothing without consent', async () => {
    const page = await open(`/?tag=${encodeURIComponent('data-consent="required"')}`);
    const before = gateway.bodies.length;
    const kept = () => page.evaluate('Object.keys(localStorage)');
    await track(page, ['asked-0']);
    expect(await page.evaluate('millrace.flush()')).toBe(0);
    expect(await kept()).toEqual([]);
    expect(gateway.bodies.length).toBe(before);

    await page.evaluate('millrace.setConsent(true)');
    await track(page, ['asked-0']);
    await storedOnce('asked', 1);
    gateway.behave('cut');
    await track(page, ['asked-1']);
    await page.evaluate('millrace.setConsent(false)');
    expect(await kept()).toEqual(['millrace.consent']);
    expect(await page.evaluate('millrace.flush()')).toBe(0);
    await storedOnce('asked', 1);
  });

  test('stores and sends nothing where the browser objects', async () => {
    await context.addInitScript(
      `Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });`,
    );
    const before = gateway.bodies.length;
    const page = await open();
    await track(page, ['objected-0']);
    expect(await page.evaluate('millrace.flush()')).toBe(0);
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    expect(gateway.bodies.length).toBe(before);
  });
});
