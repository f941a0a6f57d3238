import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../tests/support/chromium.ts';
import { withFilled } from './filled.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface DashboardOptions {
  /** Stored before the first view is opened. */
  readonly events: number;
  /** How often each view is opened. */
  readonly rounds: number;
}

export interface DashboardView {
  readonly name: string;
  readonly opened: readonly Opened[];
}

/** Ms from when its address was entered. */
interface Opened {
  /** The first text or picture (First Contentful Paint). */
  readonly firstViewMs: number;
  /** What the store has answered is there. */
  readonly answerMs: number;
  /** That, and for 5 s from then on the page never takes longer than 50 ms to answer a key. */
  readonly interactiveMs: number;
  /** Over the wire, compressed. */
  readonly bytes: number;
}

const week = 'range=7d&zone=UTC';
const views = [
  { name: 'Live', path: '/?', ready: '#events li' },
  {
    name: 'Explore',
    path: `/explore?from=view&measure=count&measure=sum:price&by=category&every=hour&${week}`,
    ready: '.answered canvas',
  },
  {
    name: 'Funnels',
    path: `/funnels?step=view&step=add_to_cart&step=purchase&${week}`,
    ready: '.answered table',
  },
  {
    name: 'Retention',
    // From before the first event there is: of many events nobody's first one is of the last seven days.
    path: '/retention?every=day&periods=6&range=30d&zone=UTC',
    ready: '.answered table',
  },
  { name: 'Sessions', path: `/sessions?every=day&${week}`, ready: '.answered canvas' },
  { name: 'Health', path: '/health', ready: '.health td:nth-child(6)' },
] as const;

/** How long each view of the dashboard takes in Chromium, with nothing of it in the browser's cache. */
export function dashboard(
  { events, rounds }: DashboardOptions,
  say: (line: string) => void,
): Promise<readonly DashboardView[]> {
  return withFilled(events, say, async ({ url }) => {
    const browser = await launchChromium();
    try {
      const measured = views.map(({ name }): { name: string; opened: Opened[] } => ({
        name,
        opened: [],
      }));
      for (let round = 0; round < rounds; round += 1) {
        for (const [at, view] of views.entries()) {
          const opened = await open(browser, `${url}${view.path}`, view.ready);
          measured[at]?.opened.push(opened);
          say(`${view.name}: ${Math.round(opened.interactiveMs)} ms`);
        }
      }
      return measured;
    } finally {
      await browser.close();
    }
  });
}

const quietMs = 5_000;
const waitMsMax = 60_000;
const pollMs = 100;

async function open(browser: Browser, url: string, ready: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript({ content: watcher(ready) });
    await page.goto(url);
    const until = performance.now() + waitMsMax;
    while (performance.now() < until) {
      const seen = await page.evaluate<Seen>(lookup);
      const interactiveMs = Math.max(seen.answerMs ?? 0, seen.longTaskEndMs);
      if (seen.answerMs !== null && seen.nowMs - interactiveMs > quietMs)
        return { ...seen, answerMs: seen.answerMs, interactiveMs };
      await sleep(pollMs);
    }
    throw new Error(`${url} shows no ${ready}, or does not come to rest`);
  } finally {
    await context.close();
  }
}

interface Seen {
  readonly nowMs: number;
  readonly firstViewMs: number;
  readonly answerMs: number | null;
  readonly longTaskEndMs: number;
  readonly bytes: number;
}

/** Runs in the page before anything of it does. */
const watcher = (ready: string): string => `
  window.benchLongTaskEndMs = 0;
  window.benchAnswerMs = null;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      window.benchLongTaskEndMs = Math.max(window.benchLongTaskEndMs, startTime + duration);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    if (document.querySelector(${JSON.stringify(ready)})) window.benchAnswerMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;

const lookup = `({
  nowMs: performance.now(),
  firstViewMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  answerMs: window.benchAnswerMs,
  longTaskEndMs: window.benchLongTaskEndMs,
  bytes: ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
    .filter(({ name }) => !name.includes('/v1/'))
    .reduce((sum, { transferSize }) => sum + transferSize, 0),
})`;

export const dashboardTable = (measured: readonly DashboardView[]): string =>
  numbersTable(
    ['view', 'first view ms', 'its answer ms', 'interactive ms', 'slowest', 'kB'],
    measured.map(({ name, opened }) => [
      name,
      ...(['firstViewMs', 'answerMs', 'interactiveMs'] as const).map((key) =>
        whole(median(opened.map((one) => one[key]))),
      ),
      whole(Math.max(...opened.map(({ interactiveMs }) => interactiveMs))),
      whole(Math.max(...opened.map(({ bytes }) => bytes)) / 1000),
    ]),
  );
