import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { MillraceProcess, rows, settled } from '../support/millrace-process.ts';
import { openSite, type Site } from '../support/site.ts';

// The browser SDKs of Segment and RudderStack, unmodified, in the pages of another
// origin: their settings come from Millrace, and nobody else is asked for anything.

const pipeline = fileURLToPath(new URL('../../examples/shop/millrace.config.ts', import.meta.url));
const scripts: { readonly [path: string]: URL } = {
  '/segment.js': packaged('@segment/analytics-next/dist/umd/index.js'),
  '/rudderstack.js': packaged('@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js'),
};
const within = { timeout: 60_000 };

let browser: Browser;
let context: BrowserContext;
let page: Page;
let site: Site;
let data: string;
let millrace: MillraceProcess;
let url: string;
/** What was asked of anybody but the site and Millrace. */
let strangers: string[];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-browser-sdks-'));
  millrace = new MillraceProcess({ pipeline, data, env: { MILLRACE_WRITE_KEYS: 'w' } });
  url = await millrace.url();
  site = await openSite(({ pathname }) => {
    const script = scripts[pathname];
    if (script !== undefined) return readFileSync(script);
    return `<!doctype html><title>Shop</title><script src="${pathname}.js"></script>`;
  });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  site.close();
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

beforeEach(async () => {
  context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  page = await context.newPage();
  strangers = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && ![site.url, url].includes(origin)) {
      strangers.push(request.url());
    }
  });
});
afterEach(() => context.close());

function packaged(path: string): URL {
  return new URL(`../../node_modules/${path}`, import.meta.url);
}

const purchase = `'Order Completed', {
  order_id: 'o-1', total: '39.98', currency: 'EUR',
  products: [{ product_id: 'p-1', quantity: 2, price: '19.99' }],
}`;

const found = (user: string): Promise<readonly unknown[]> =>
  rows(
    url,
    `SELECT type, count() AS times, any(toString(properties.value)) AS value,
            max(abs(timestamp - received_at)) < 60 AS is_on_time
     FROM events WHERE user_id = '${user}' AND type != 'page' GROUP BY type ORDER BY type`,
  );
const event = { times: '1', value: null, is_on_time: 1 };
const expected = [
  { ...event, type: 'group' },
  { ...event, type: 'identify' },
  { ...event, type: 'purchase', value: '39.98' },
];

test.each([
  ['each event by itself', ''],
  [
    'events in batches',
    `'Segment.io': { deliveryStrategy: { strategy: 'batching', config: { size: 2, timeout: 500 } } }`,
  ],
])('Segment’s sends %s', async (_, integrations) => {
  const user = integrations === '' ? 'ada' : 'bea';
  await page.goto(`${site.url}/segment`);
  await page.evaluate(`(async () => {
    const [analytics] = await AnalyticsNext.AnalyticsBrowser.load(
      { writeKey: 'w', cdnURL: '${url}' },
      { integrations: { ${integrations} } },
    );
    await analytics.identify('${user}', { plan: 'pro' });
    await analytics.page('Home');
    await analytics.group('acme', { seats: 5 });
    await analytics.track(${purchase});
  })()`);
  await expect.poll(() => found(user), within).toEqual(expected);
  expect((await settled(url)).dead_letters).toBe(0);
  expect(strangers).toEqual([]);
});

test.each([
  ['requests', 'carl', ''],
  ['beacons', 'dora', 'useBeacon: true, beaconQueueOptions: { flushQueueInterval: 500 },'],
])('RudderStack’s sends %s', async (_, user, options) => {
  await page.goto(`${site.url}/rudderstack`);
  await page.evaluate(`(() => {
    const analytics = new rudderanalytics.RudderAnalytics();
    analytics.load('w', '${url}', { configUrl: '${url}', ${options} });
    analytics.identify('${user}', { plan: 'pro' });
    analytics.page('Home');
    analytics.group('acme', { seats: 5 });
    analytics.track(${purchase});
  })()`);
  await expect.poll(() => found(user), within).toEqual(expected);
  expect((await settled(url)).dead_letters).toBe(0);
  expect(strangers).toEqual([]);
});
