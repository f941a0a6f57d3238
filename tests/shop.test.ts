import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from '../examples/shop/simulator/ledger.ts';
import { mistakes } from '../examples/shop/simulator/mistakes.ts';
import type { SentEvent } from '../examples/shop/simulator/sent-event.ts';
import type { ShopEvent } from '../examples/shop/simulator/shop-events.ts';
import { simulate } from '../examples/shop/simulator/simulate.ts';
import { MillraceProcess, rows, settled } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('../examples/shop/millrace.config.ts', import.meta.url));
const seed = testSeed();
const enough = 5_000;

let data: string;
let millrace: MillraceProcess;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'millrace-shop-'));
  millrace = new MillraceProcess({ pipeline, data });
});
afterEach(async () => {
  await millrace.stop();
  rmSync(data, { recursive: true, force: true });
});

const isSent = (body: unknown): body is SentEvent =>
  typeof body === 'object' && body !== null && 'type' in body;

test(`what the shoppers send is taken, refused and counted as they mean it (seed ${seed})`, async () => {
  const url = await millrace.url();
  const acknowledged = new Map<string, ShopEvent>();
  const refused = new Set<string>();
  const surprises: string[] = [];
  const stop = new AbortController();
  const ledger = new Ledger((event) => {
    acknowledged.set(event.id, event);
    if (acknowledged.size >= enough && ledger.totals.repeated > 0) stop.abort();
  });
  await simulate({
    url,
    seed,
    rate: 2_000,
    shoppers: 100,
    ledger,
    onSurprise: (sentence) => surprises.push(sentence),
    signal: stop.signal,
  });
  const copies = () =>
    rows<{ event_id: string; copies: string }>(
      url,
      'SELECT event_id, count() AS copies FROM events GROUP BY event_id',
    );
  // The request under way when the signal came has no receipt, and may end a little later.
  const isWhole = async () => {
    const { accepted, duplicates } = await settled(url);
    return accepted - duplicates === (await copies()).length;
  };
  await expect.poll(isWhole).toBe(true);
  const status = await settled(url);

  expect(surprises).toEqual([]);
  const { totals } = ledger;
  expect(totals.repeated).toBeGreaterThan(0);
  expect(status.duplicates).toBeGreaterThanOrEqual(totals.repeated);
  expect(status.dead_letters).toBeGreaterThanOrEqual(totals.refused);
  expect(status.late).toBeGreaterThanOrEqual(totals.late);

  const stored = await copies();
  expect(stored.filter(({ copies }) => copies !== '1')).toEqual([]);
  const ids = new Set(stored.map(({ event_id }) => event_id));
  expect([...acknowledged.keys()].filter((id) => !ids.has(id))).toEqual([]);

  const letters = await rows<{ code: string }>(url, 'SELECT DISTINCT code FROM dead_letters');
  for (const { code } of letters) refused.add(code);
  const known = mistakes.map(({ code }) => code);
  expect([...refused].filter((code) => !known.includes(code))).toEqual([]);
  expect(refused.size).toBeGreaterThan(known.length / 2);

  const byType = await rows<{ type: string; events: string }>(
    url,
    'SELECT type, sum(events) AS events FROM events_per_second GROUP BY type ORDER BY type',
  );
  const counted = `SELECT type, count() AS events FROM events
    WHERE type IN ('view', 'click', 'add_to_cart', 'purchase') GROUP BY type ORDER BY type`;
  expect(byType).toEqual(await rows(url, counted));
  for (const { type, events } of byType) {
    const sent = [...acknowledged.values()].filter(
      ({ body }) => isSent(body) && body.type === type,
    );
    expect(Number(events)).toBeGreaterThanOrEqual(sent.length);
  }
  const [revenue] = await rows<{ kept: string; recomputed: string }>(
    url,
    `SELECT (SELECT sum(revenue) FROM revenue_per_minute) AS kept,
            (SELECT sum(properties.value) FROM events WHERE type = 'purchase') AS recomputed`,
  );
  expect(revenue?.kept).toBe(revenue?.recomputed);
  expect(Number(revenue?.kept)).toBeGreaterThan(0);
});
