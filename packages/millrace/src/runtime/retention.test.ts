import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, decimal, definePipeline, event, rollup, string, sum } from '../index.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const patient = { timeout: 60_000, interval: 50 };

let folder: string;
let nowMs: number;
let embedded: Embedded;
let problems: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-retention-'));
  nowMs = Date.now();
  problems = [];
});
afterEach(async () => {
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
  expect(problems.filter((what) => !what.includes('wait for the store'))).toEqual([]);
});

const purchase = event({ value: decimal(18, 2), currency: string() });
const daily = {
  from: 'purchase',
  every: 'day',
  measures: { orders: count(), revenue: sum('value') },
} as const;
const shop = definePipeline({
  name: 'shop',
  keep: '30d',
  events: { purchase },
  rollups: [rollup('forever', daily), rollup('short', { ...daily, keep: '30d' })],
});

const open = async (more: Partial<EmbeddedOptions> = {}): Promise<void> => {
  embedded = await openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1_000,
    clock: { now: () => nowMs },
    onProblem: (what) => problems.push(what),
    ...more,
  });
};
const reopen = async (more: Partial<EmbeddedOptions> = {}): Promise<void> => {
  await embedded.close();
  await open(more);
};

const order = (event_id: string, timestamp: number, value = '1.00') => ({
  event_id,
  type: 'purchase',
  timestamp,
  properties: { value, currency: 'EUR' },
});
async function accept(...events: readonly object[]): Promise<void> {
  const { collector } = embedded;
  const body = Buffer.from(JSON.stringify(events));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
}
async function settle(): Promise<void> {
  await embedded.eventLoader.settled(embedded.events.end);
  await embedded.deadLetterLoader.settled(embedded.deadLetters.end);
}
const cell = async (sql: string) =>
  Buffer.from((await embedded.store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .trim();
/** From now on the store takes no rows for the table, until `unshut`. */
async function shut(table: string): Promise<void> {
  const { store } = embedded;
  await store.define('CREATE TABLE gate (shut UInt8) ENGINE = MergeTree ORDER BY shut');
  await store.define('INSERT INTO gate VALUES (1)');
  await store.define('CREATE TABLE gate_sink (n UInt64) ENGINE = Null');
  await store.define(
    `CREATE MATERIALIZED VIEW gate_view TO gate_sink AS SELECT count() AS n FROM ${table}
     WHERE throwIf((SELECT count() FROM gate) > 0) = 0`,
  );
}
const unshut = () => embedded.store.define('TRUNCATE TABLE gate SYNC');
/** What the engine would do by itself sooner or later. */
const mergeAll = async (...tables: readonly string[]) => {
  for (const table of tables) await embedded.store.define(`OPTIMIZE TABLE ${table} FINAL`);
};

test('events go by `keep`, a rollup by its own, and one without keeps its numbers', async () => {
  // The engine's clock cannot be set, so the collector's is behind it.
  nowMs = Date.now() - 20 * dayMs;
  await open();
  await accept(
    order('past', nowMs - 25 * dayMs, '2.50'),
    order('within', nowMs - 5 * dayMs, '4.00'),
  );
  await settle();
  for (const restart of [false, true]) {
    if (restart) await reopen();
    await mergeAll('events', 'forever__v1', 'short__v1');
    expect(await cell('SELECT event_id FROM events')).toBe('within');
    expect(await cell('SELECT sum(orders), sum(revenue) FROM short')).toBe('1\t4');
    expect(await cell('SELECT sum(orders), sum(revenue) FROM forever')).toBe('2\t6.5');
  }
  // An event that the rollup has lost is no event that could come again unnoticed.
  await accept(order('past', nowMs - 25 * dayMs, '2.50'));
  await settle();
  expect(await cell('SELECT sum(orders) FROM forever')).toBe('2');
});

describe('the log', () => {
  const fill = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) await accept(order(`o-${n}`, Date.now()));
  };
  const trim = () => embedded.events.trim(embedded.eventLoader.committed);

  test('keeps what the store has for its own time, across restarts, then lets it go', async () => {
    const logRetentionMs = 2 * hourMs;
    await open({ logRetentionMs });
    await fill(0, 12);
    await settle();
    nowMs += hourMs;
    await trim();
    expect(embedded.events.start).toBe(0);
    await reopen({ logRetentionMs });
    await trim();
    expect(embedded.events.start).toBe(0);
    nowMs += 2 * hourMs;
    await vi.waitFor(() => expect(embedded.events.start).toBeGreaterThan(0), patient);
    const { start } = embedded.events;
    await reopen({ logRetentionMs });
    expect(embedded.events.start).toBeGreaterThanOrEqual(start);
    expect(await cell('SELECT count() FROM events')).toBe('12');
  });

  test('never lets go of what is not in the store yet, however old', async () => {
    await open({ logRetentionMs: 0 });
    await fill(0, 6);
    await settle();
    await shut('events');
    await fill(6, 18);
    nowMs += 1_000 * hourMs;
    await vi.waitFor(() => expect(embedded.eventLoader.failing).not.toBe(null), patient);
    await trim();
    expect(embedded.eventLoader.committed).toBe(6);
    expect(embedded.events.start).toBeGreaterThan(0);
    expect(embedded.events.start).toBeLessThanOrEqual(6);
    await unshut();
    await settle();
    expect(await cell('SELECT count(), uniqExact(event_id) FROM events')).toBe('18\t18');
    expect(await cell('SELECT sum(orders) FROM forever')).toBe('18');
    await trim();
    expect(embedded.events.start).toBeGreaterThan(6);
  });
});

test('dead letters go by their own setting, also once it is made shorter', async () => {
  const days = (keep: number): Partial<EmbeddedOptions> => ({ deadLettersKeepMs: keep * dayMs });
  const codes = () => cell('SELECT event_id FROM dead_letters ORDER BY event_id');
  nowMs = Date.now() - 20 * dayMs;
  await open(days(30));
  await accept({ ...order('old', nowMs), properties: { value: 'much', currency: 'EUR' } });
  nowMs = Date.now();
  await accept({ ...order('young', nowMs), properties: { value: 'much', currency: 'EUR' } });
  await settle();
  await mergeAll('dead_letters');
  expect(await codes()).toBe('old\nyoung');
  await reopen(days(30));
  await mergeAll('dead_letters');
  expect(await codes()).toBe('old\nyoung');
  expect(await cell('SELECT count() FROM system.mutations')).toBe('0');

  await reopen(days(10));
  await vi.waitFor(async () => expect(await codes()).toBe('young'), patient);
  await reopen(days(30));
  expect(await codes()).toBe('young');

  // What the store does not have yet stays in the log.
  await shut('dead_letters');
  const letters = Array.from({ length: 12 }, (_, n) => ({ ...order(`w${n}`, nowMs), type: 'no' }));
  for (const letter of letters) await accept(letter);
  const { committed } = embedded.deadLetterLoader;
  await embedded.deadLetters.trim(committed);
  expect(embedded.deadLetters.start).toBeLessThanOrEqual(committed);
  await unshut();
  await settle();
  expect(await cell('SELECT count() FROM dead_letters')).toBe('13');
});
