import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { history, lastOrder } from '../../../tools/pictures/history.ts';
import { dashboardInChromium, purchase, send, shop, view } from '../../support/dashboard.ts';
import { MillraceProcess, settled } from '../../support/millrace-process.ts';
import { expectPicture } from '../../support/picture.ts';

const dashboard = dashboardInChromium({ timezoneId: 'UTC', reducedMotion: 'reduce' });

const hourMs = 3_600_000;

const weekEndMs = Date.parse('2025-03-10T00:00:00Z');
const week = history(weekEndMs);

/** No two of a kind as many, so that each order by their number is the only one. */
function today(): readonly object[] {
  // Hours ahead: whatever is of today is still so when midnight comes.
  const timestamp = (Math.ceil(Date.now() / hourMs) + 6) * hourMs;
  const visitor = { anonymous_id: 'visitor', session_id: 'session' };
  const cart = { product_id: 'boot', quantity: 1, price: '19.90' };
  const events = [
    { type: 'click', user_id: 'ann', properties: { element: 'menu' } },
    ...[1, 2, 3].map(() => ({ type: 'add_to_cart', user_id: 'bob', properties: cart })),
    ...['boot', 'boot', 'sandal'].map((product) => view(product)),
    ...['beret', 'bowler'].map((product) => view(product, { category: 'hats' })),
    view('satchel', { category: 'bags' }),
    ...['19.90', '260.00', '1249.50'].map((value) => purchase(value, 'EUR')),
    ...['300.00', '7.25'].map((value) => purchase(value, 'USD')),
  ];
  return events.map((event, at) => ({ ...event, ...visitor, event_id: `today-${at}`, timestamp }));
}

/** Of questions: how long they took. Without its letters its place does not change with them. */
const provenance = '.provenance { font-size: 0; }';

const pictures = [
  {
    name: 'live',
    path: '/',
    ready: '#rollups .card:nth-child(5) td',
    moving: `#rate, #lag_ms, #events time, #curl, .flow g:nth-of-type(2) .value { visibility: hidden; }
      #rollups .card:nth-child(4) tbody th { color: transparent; }`,
  },
  {
    name: 'explore',
    path: '/explore?from=purchase&measure=count&measure=sum:value&by=currency&top=2&range=7d&zone=UTC&every=hour',
    ready: '.answered canvas',
    moving: provenance,
  },
  {
    name: 'funnels',
    path: '/funnels?step=view&step=add_to_cart&step=purchase&range=7d&zone=UTC',
    ready: '.answered table',
    moving: provenance,
  },
  {
    name: 'retention',
    path: '/retention?every=day&periods=6&range=7d&zone=UTC',
    ready: '.answered table',
    moving: provenance,
  },
  {
    name: 'sessions',
    path: '/sessions?every=day&range=7d&zone=UTC',
    ready: '.answered canvas',
    moving: provenance,
  },
  {
    name: 'events',
    path: `/events?by=event_id&value=${lastOrder(week)}`,
    ready: '.event-cards details[open] table',
    moving: '.record div:nth-last-child(n + 3):nth-last-child(-n + 4) dd { visibility: hidden; }',
  },
  {
    name: 'health',
    path: '/health',
    ready: '.health td:nth-child(6)',
    // The largest table comes first, and which that is depends on what was merged.
    moving: `[aria-labelledby=now-title] .totals div:nth-child(-n + 2) dd, .charts,
      tbody:has(td:nth-child(6)), [aria-labelledby=sizes-title] dd { visibility: hidden; }
      tbody:has(td:nth-child(6)) td:nth-child(n + 3) { font-size: 0; }`,
  },
];

// In the dark all is where it is in the light.
const screens = [
  { kind: 'light', colorScheme: 'light', width: 1024, fullPage: true },
  { kind: 'dark', colorScheme: 'dark', width: 1024, fullPage: false },
  { kind: 'narrow', colorScheme: 'light', width: 360, fullPage: true },
] as const;

describe('each view', () => {
  let data = '';
  let millrace: MillraceProcess | undefined;
  let url = '';
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'millrace-views-'));
    millrace = new MillraceProcess({ pipeline: shop, data });
    url = await millrace.url();
    for (let at = 0; at < week.length; at += 1_000) await send(url, week.slice(at, at + 1_000));
    await send(url, week.slice(0, 1));
    await send(url, today());
    await settled(url);
  });
  afterAll(async () => {
    await millrace?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  test('has an address of its own, and is for a phone and for a wall, and for all to use', async () => {
    await dashboard.page.goto(url);
    const links = dashboard.page.getByRole('navigation').getByRole('link');
    await links.first().waitFor();
    expect(await links.count()).toBe(pictures.length);
    for (const link of await links.all()) {
      const name = (await link.textContent()) ?? '';
      await link.click();
      const { pathname } = new URL(dashboard.page.url());
      await dashboard.page.reload();
      await dashboard.page.getByRole('heading', { level: 1, name }).waitFor();
      const title = () => dashboard.page.title();
      await expect.poll(title).toBe(`${name} · shop · Millrace`);
      expect(await link.getAttribute('aria-current')).toBe('page');
      expect(new URL(dashboard.page.url()).pathname).toBe(pathname);
      await dashboard.expectAccessible();
      for (const width of [360, 2560]) await dashboard.expectFits(width);
    }
    await dashboard.page.goBack();
    expect(dashboard.complaints).toEqual([]);
  });

  test.for(pictures)('looks as it did: $name', async ({ name, path, ready, moving }) => {
    const { page } = dashboard;
    await page.clock.setFixedTime(weekEndMs - hourMs / 2);
    await page.goto(`${url}${path}`);
    await page.locator(ready).first().waitFor();
    // The policy of the page allows no inline styles.
    await page.evaluate(`{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(${JSON.stringify(moving)});
      document.adoptedStyleSheets = [sheet];
    }`);
    for (const { kind, colorScheme, width, fullPage } of screens) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 720 });
      await expectPicture(page, `${name}-${kind}`, fullPage);
    }
    expect(dashboard.complaints).toEqual([]);
  });
});
