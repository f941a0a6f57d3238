import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchChromium } from './chromium.ts';
import { MillraceProcess } from './millrace-process.ts';

export const shop = fileURLToPath(
  new URL('../../examples/shop/millrace.config.ts', import.meta.url),
);

export interface StartOptions {
  readonly env?: { readonly [name: string]: string };
  readonly args?: readonly string[];
  readonly pipeline?: string;
}

/** A dashboard in Chromium, for the tests of one file: a new page and a new data folder each. */
export class Dashboard {
  #browser: Browser | undefined;
  #context: BrowserContext | undefined;
  #page: Page | undefined;
  #data = '';
  millrace: MillraceProcess | undefined;
  /** What the browser complained of: a script that was stopped, a file that was missing. */
  readonly complaints: string[] = [];

  get page(): Page {
    if (this.#page === undefined) throw new Error('There is a page only within a test.');
    return this.#page;
  }

  get context(): BrowserContext {
    return this.page.context();
  }

  /** @returns its address */
  async start({ env = {}, args = [], pipeline = shop }: StartOptions = {}): Promise<string> {
    this.millrace = new MillraceProcess({ pipeline, data: this.#data, env, args });
    return this.millrace.url();
  }

  text(selector: string): Promise<string | null> {
    return this.page.locator(selector).textContent();
  }

  /** Waits until one of the elements has this text. */
  async shows(selector: string, expected: string): Promise<void> {
    await this.page.locator(selector, { hasText: expected }).first().waitFor();
  }

  /** Nothing is wider than the window, once the charts have seen that it has changed. */
  async expectFits(width: number): Promise<void> {
    await this.page.setViewportSize({ width, height: 900 });
    const needed = () => this.page.evaluate('document.documentElement.scrollWidth');
    await expect.poll(needed).toBe(width);
  }

  /** Fails with what axe finds wrong for those who cannot see, or see little, in light and dark. */
  async expectAccessible(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.page.evaluate(axe.source);
      const found = await this.page.evaluate<readonly string[]>(
        `axe.run(document).then(({ violations }) =>
          violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => [id, html, failureSummary].join('\\n'))))`,
      );
      expect(found, `in ${colorScheme}`).toEqual([]);
    }
  }

  async open(browser: Browser, options: BrowserContextOptions): Promise<void> {
    this.#browser = browser;
    this.#data = mkdtempSync(join(tmpdir(), 'millrace-dashboard-'));
    this.complaints.length = 0;
    this.#context = await this.#browser.newContext(options);
    this.#context.setDefaultTimeout(60_000);
    this.#page = await this.#context.newPage();
    this.#page.on('pageerror', (error) => this.complaints.push(error.message));
    this.#page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  async close(): Promise<void> {
    await this.#context?.close();
    if (this.millrace?.running) await this.millrace.stop();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

const sized: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, locale: 'en-GB' };

/** Call it once in a file, outside of its tests. */
export function dashboardInChromium(options: BrowserContextOptions = {}): Dashboard {
  const dashboard = new Dashboard();
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    if (browser === undefined) throw new Error('Chromium did not start.');
    await dashboard.open(browser, { ...sized, ...options });
  });
  afterEach(() => dashboard.close());
  return dashboard;
}

/** Sends events, all of which must be taken. */
export async function send(url: string, events: readonly unknown[], key = 'w'): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(events),
  });
  const { rejected }: { rejected: readonly unknown[] } = JSON.parse(await response.text());
  expect(rejected).toEqual([]);
}

/** Events of the example's shop. */
export const view = (product_id: string, more: { readonly [name: string]: unknown } = {}) => ({
  type: 'view',
  user_id: 'ann',
  properties: { product_id, category: 'shoes', price: '1234.50', ...more },
});
export const purchase = (value: string, currency: string) => ({
  type: 'purchase',
  user_id: 'ann',
  properties: { order_id: value, value, currency, items: [] },
});
