// `npm run docs:pictures`: the pictures of the dashboard in `docs`, from the
// example's shop with a week behind it and shoppers in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { Ledger } from '../../examples/shop/simulator/ledger.ts';
import { simulate } from '../../examples/shop/simulator/simulate.ts';
import { launchChromium } from '../../tests/support/chromium.ts';
import { MillraceProcess, settled } from '../../tests/support/millrace-process.ts';
import { history, lastOrder, type ShopEvent } from './history.ts';

interface Picture {
  /** `docs/dashboard-NAME.png` */
  readonly name: string;
  readonly path: string;
  readonly theme?: 'dark';
  /** What is there once it is whole. */
  readonly ready: (page: Page) => Promise<void>;
}

const answered = (page: Page): Promise<void> => page.locator('.answered').first().waitFor();

/** Long enough for the line of the chart of the last three minutes. */
const liveMs = 120_000;

const live: Picture = {
  name: 'live',
  path: '/',
  ready: async (page) => {
    await page.locator('#state[data-state=live]').waitFor();
    await page.waitForTimeout(liveMs);
  },
};

/** @param order its event id */
const ofHistory = (order: string): readonly Picture[] => [
  {
    name: 'explore',
    path: '/explore?from=purchase&measure=count&measure=sum:value&by=currency&top=2&range=7d&zone=Europe/London&every=hour',
    ready: answered,
  },
  {
    name: 'explore-dark',
    path: '/explore?from=view&from=purchase&measure=count&range=24h&zone=Europe/London&compare=previous',
    theme: 'dark',
    ready: answered,
  },
  {
    name: 'funnels',
    path: '/funnels?step=view&step=add_to_cart&step=purchase&range=7d&zone=Europe/London',
    ready: answered,
  },
  {
    name: 'retention',
    path: '/retention?every=day&periods=6&range=7d&zone=Europe/London',
    ready: answered,
  },
  { name: 'sessions', path: '/sessions?range=7d&zone=Europe/London', ready: answered },
  {
    name: 'events',
    path: `/events?by=event_id&value=${order}`,
    ready: (page) => page.locator('.event-cards details[open]').waitFor(),
  },
  {
    name: 'health',
    path: '/health',
    ready: async (page) => {
      await page.locator('.health table').first().waitFor();
      await page.waitForTimeout(liveMs / 2);
    },
  },
];

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

async function send(url: string, events: readonly ShopEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += 500) {
    const body = JSON.stringify(events.slice(at, at + 500));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(await response.text());
  }
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { name, path, theme = 'light', ready } = picture;
  const page = await browser.newPage({
    viewport: { width: 1280, height: 860 },
    colorScheme: theme,
    locale: 'en-GB',
  });
  await page.goto(`${url}${path}`);
  await ready(page);
  await page.screenshot({ path: file(`docs/dashboard-${name}.png`) });
  await page.close();
  console.log(`docs/dashboard-${name}.png`);
}

async function main(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-pictures-'));
  const pipeline = file('examples/shop/millrace.config.ts');
  const millrace = new MillraceProcess({ pipeline, data });
  const browser = await launchChromium();
  const stop = new AbortController();
  let shoppers: Promise<unknown> = Promise.resolve();
  try {
    const url = await millrace.url();
    shoppers = simulate({
      url,
      seed: 7,
      rate: 50,
      ledger: new Ledger(),
      onSurprise: (sentence) => console.error(sentence),
      signal: stop.signal,
    });
    // Before the week comes, whose arrival would tower over all else.
    await take(browser, url, live);
    const week = history(Date.now());
    await send(url, week);
    await settled(url);
    for (const picture of ofHistory(lastOrder(week))) await take(browser, url, picture);
  } finally {
    stop.abort();
    await shoppers;
    await browser.close();
    await millrace.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

await main();
