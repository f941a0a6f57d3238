import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { MillraceProcess, settled } from '../support/millrace-process.ts';

const pipeline = fileURLToPath(new URL('../../examples/shop/millrace.config.ts', import.meta.url));

let browser: Browser;
let context: BrowserContext;
let page: Page;
let data: string;
let millrace: MillraceProcess | undefined;
/** What the browser complained of: a script that was stopped, a file that was missing. */
let complaints: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'millrace-page-'));
  complaints = [];
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});
afterEach(async () => {
  await context.close();
  if (millrace?.running) await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

async function start(
  env: { readonly [name: string]: string } = {},
  args: readonly string[] = [],
): Promise<string> {
  millrace = new MillraceProcess({ pipeline, data, env, args });
  return millrace.url();
}

async function send(url: string, events: readonly unknown[], key = 'w'): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(events),
  });
  const { rejected }: { rejected: readonly unknown[] } = JSON.parse(await response.text());
  expect(rejected).toEqual([]);
}

const view = (product_id: string, more: { readonly [name: string]: unknown } = {}) => ({
  type: 'view',
  user_id: 'ann',
  properties: { product_id, category: 'shoes', price: '1234.50', ...more },
});
const purchase = (value: string, currency: string) => ({
  type: 'purchase',
  user_id: 'ann',
  properties: { order_id: value, value, currency, items: [] },
});

const text = (selector: string) => page.locator(selector).textContent();
const shows = (selector: string, expected: string) =>
  page.locator(selector, { hasText: expected }).first().waitFor();

describe('the page in a browser', () => {
  test('shows the totals, the rollups and the last events of a pipeline', async () => {
    const url = await start();
    await page.goto(url);
    await shows('#state', 'live');
    await send(url, [
      { ...view('boot'), event_id: 'one' },
      { ...view('boot'), event_id: 'one' },
      { ...view('cap'), timestamp: Date.now() - 60_000 },
      purchase('1234567.80', 'EUR'),
      purchase('0.05', 'EUR'),
    ]);
    await settled(url);

    await shows('#events li', 'product_id boot');
    await shows('#rollups td', '1,234,567.85');
    await shows('#stored', '4');
    expect(await text('#accepted')).toBe('5');
    expect(await text('#duplicates')).toBe('1');
    expect(await text('#late')).toBe('1');
    expect(await page.title()).toBe('shop · Millrace');
    expect(await page.locator('#events li').count()).toBe(4);
    expect(await page.locator('#events .late').count()).toBe(1);
    expect(await text('#events li:first-child .properties')).toContain('price 1234.50');
    const curl = await text('#curl');
    expect(curl).toContain(`curl ${url}/v1/events`);
    expect(complaints).toEqual([]);
  });

  test('shows what events hold as text, whatever they hold', async () => {
    const url = await start();
    const hostile = '<script>window.taken = 1</script><img src=x onerror="window.taken = 1">';
    await send(url, [
      {
        ...view(hostile, { category: hostile, [hostile]: { [hostile]: [hostile] } }),
        user_id: hostile,
        event_id: hostile,
      },
    ]);
    await settled(url);
    await page.goto(url);
    await shows('#events .properties', hostile);
    await shows('#rollups tbody th', hostile);
    await shows('#events .who', hostile);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate('window.taken')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('says that the server is away, and comes back with it', async () => {
    const port = await freePort();
    const url = await start({}, ['--port', String(port)]);
    await page.goto(url);
    await shows('#state', 'live');
    millrace?.kill('SIGKILL');
    await millrace?.exited;
    await shows('#notice', 'does not answer');
    expect(await text('#state')).toBe('away');

    await start({}, ['--port', String(port)]);
    await shows('#state', 'live');
    expect(await page.locator('#notice').isVisible()).toBe(false);
  });

  test('asks for the read key where there is one, and keeps it in this tab alone', async () => {
    const url = await start({ MILLRACE_READ_KEYS: 'secret', MILLRACE_WRITE_KEYS: 'w' });
    await send(url, [view('boot')]);
    await page.goto(url);
    await page.getByLabel('Read key').fill('w');
    await page.keyboard.press('Enter');
    await shows('#notice', 'This is not a read key.');
    expect(await page.locator('#main').isVisible()).toBe(false);

    await page.getByLabel('Read key').fill('secret');
    await page.keyboard.press('Enter');
    await shows('#events li', 'product_id boot');
    expect(await page.locator('#key-form').isVisible()).toBe(false);
    await page.reload();
    await shows('#events li', 'product_id boot');

    const other = await context.newPage();
    await other.goto(url);
    await other.getByLabel('Read key').waitFor();
  });

  test('stops asking while it is paused or hidden', async () => {
    const url = await start();
    await page.clock.install();
    const requests: string[] = [];
    let underWay = 0;
    page.on('request', () => {
      underWay += 1;
    });
    const ended = (): void => {
      underWay -= 1;
    };
    page.on('requestfinished', ended);
    page.on('requestfailed', ended);
    /** What had begun is over, and what follows from it. */
    const atRest = async (): Promise<void> => {
      let before = -1;
      await expect
        .poll(
          () => {
            const still = underWay === 0 && requests.length === before;
            before = requests.length;
            return still;
          },
          { timeout: 30_000, interval: 200 },
        )
        .toBe(true);
    };
    await page.goto(url);
    await shows('#state', 'live');
    page.on('request', (request) => requests.push(request.url()));
    await page.clock.runFor(3_000);
    await expect.poll(() => requests.length, { timeout: 30_000 }).toBeGreaterThan(0);

    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await shows('#state', 'paused');
    await atRest();
    requests.length = 0;
    await page.clock.runFor(60_000);
    expect(requests).toEqual([]);

    await page.getByRole('button', { name: 'Resume' }).press('Enter');
    await shows('#state', 'live');
    await page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: true, configurable: true });
       document.dispatchEvent(new Event('visibilitychange'));`,
    );
    await atRest();
    requests.length = 0;
    await page.clock.runFor(60_000);
    expect(requests).toEqual([]);
  });

  test.each([
    ['light', 360],
    ['dark', 1280],
  ] as const)(
    'fits a %s screen of %i px and is named for those who cannot see it',
    async (colorScheme, width) => {
      const url = await start();
      await send(url, [
        view('a-product-with-a-name-far-longer-than-a-telephone-is-wide'.repeat(2)),
      ]);
      await settled(url);
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.goto(url);
      await shows('#events li', 'a-product');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      await page
        .getByRole('img', { name: /Events per second over the last three minutes/ })
        .waitFor();
      await page.getByRole('heading', { name: 'Last events' }).waitFor();
      await page.getByRole('table', { name: /product_views_per_hour/ }).waitFor();
      await page.getByRole('status').waitFor();
      for (const name of ['Pause', 'Copy']) {
        const button = page.getByRole('button', { name });
        await button.focus();
        expect(await button.evaluate('document.activeElement?.textContent')).toBe(name);
      }
    },
  );
});
