import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random, testSeed } from '../../../../tests/support/random.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import {
  avg,
  count,
  decimal,
  definePipeline,
  event,
  float64,
  max,
  min,
  optional,
  quantiles,
  rollup,
  string,
  sum,
  uniq,
} from '../index.ts';
import type { VerifyReport } from '../verify/report.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const seed = testSeed();
const random = new Random(seed);
const hourMs = 3_600_000;
const shop = definePipeline({
  name: 'shop',
  keep: '90d',
  events: {
    purchase: event({ value: decimal(18, 2), ratio: optional(float64()), note: string() }),
  },
  rollups: [
    rollup('by_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['user_id', 'note'],
      measures: { orders: count(), revenue: sum('value'), ratios: sum('ratio') },
    }),
    rollup('by_month', {
      from: 'purchase',
      every: 'month',
      by: ['late'],
      where: { value: { gte: '10.00' } },
      measures: {
        least: min('value'),
        last: max('timestamp'),
        mean: avg('ratio'),
        people: uniq('user_id'),
        middle: quantiles('value', [0.5, 0.9]),
      },
    }),
  ],
});

let folder: string;
let embedded: Embedded;
let serial = 0;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-verifying-'));
  embedded = await open();
});
afterEach(async () => {
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (): Promise<Embedded> =>
  openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 20_000,
    onProblem: () => {},
  });

async function send(events: readonly object[]): Promise<void> {
  const { collector } = embedded;
  const body = Buffer.from(JSON.stringify(events));
  const { rejected } = await collector.collect(
    nativeBatch(readJson(body, false, collector.limits)),
  );
  expect(rejected).toEqual([]);
  await embedded.eventLoader.settled(embedded.events.end);
}

/** Now, late, and from days ago; with properties of all kinds, most of them undeclared. */
const anEvent = () => {
  serial += 1;
  return {
    event_id: `e${serial}`,
    type: 'purchase',
    timestamp: Date.now() - (random.chance(0.5) ? 0 : random.between(0, 20 * 24) * hourMs),
    user_id: `u${random.between(1, 9)}`,
    properties: {
      value: `${random.between(0, 99)}.${random.between(10, 99)}`,
      note: random.pick(['', "it's", 'a\\b', '😀', 'tab\there\nline']),
      ...(random.chance(0.5) ? { ratio: random.between(1, 1_000_000) / 7 } : {}),
      [`free ${random.between(1, 90)}`]: random.pick([
        1,
        1.5,
        'text',
        true,
        [1, 'a'],
        { b: { c: 2 } },
      ]),
      'with.dots': { 'and.more': 1 },
      free: random.pick([1, 0.1, 'text', '2026-01-01', false]),
    },
    context: { page: { path: `/${random.between(1, 9)}` } },
  };
};
const many = (n: number) => Array.from({ length: n }, anEvent);

const verify = (): Promise<VerifyReport> =>
  verifying(embedded)(() => {}, new AbortController().signal);
const summed = ({ differences }: VerifyReport) => ({
  lost: differences.reduce((sum, { lost }) => sum + lost, 0),
  doubled: differences.reduce((sum, { doubled }) => sum + doubled, 0),
  changed: differences.reduce((sum, { changed }) => sum + changed, 0),
});
const alter = (change: string) =>
  embedded.store.define(`ALTER TABLE events ${change} SETTINGS mutations_sync = 2`);

test(`what is healthy is equal: odd values, late events, merged parts, a restart (seed ${seed})`, async () => {
  for (let i = 0; i < 5; i += 1) await send(many(200));
  expect(await verify()).toMatchObject({
    equal: true,
    log: { from: 0, to: 1_000, events: 1_000, refused: 0, missing: 0 },
    differences: [],
  });
  await embedded.store.define('OPTIMIZE TABLE events FINAL');
  await embedded.close();
  embedded = await open();
  expect(await verify()).toMatchObject({ equal: true, differing: 0 });
});

test(`lost, doubled and changed rows are found where they are (seed ${seed})`, async () => {
  for (let i = 0; i < 3; i += 1) await send(many(100));
  await alter(`DELETE WHERE event_id = 'e${serial - 7}'`);
  const lost = await verify();
  expect(summed(lost)).toEqual({ lost: 1, doubled: 0, changed: 0 });
  expect(lost).toMatchObject({ equal: false, differing: 1 });
  expect(lost.differences[0]?.first).toEqual([
    { what: 'lost', event_id: `e${serial - 7}`, partition: 0, offset: 292 },
  ]);

  await alter(`UPDATE user_id = 'nobody' WHERE event_id = 'e${serial - 20}'`);
  expect(summed(await verify())).toEqual({ lost: 1, doubled: 0, changed: 1 });

  await embedded.store.define(
    `INSERT INTO events (event_id, type, timestamp, received_at, late, _partition, _offset, properties)
     SELECT event_id, type, timestamp, received_at, late, _partition, _offset, properties
     FROM events WHERE event_id = 'e${serial - 30}'
     SETTINGS insert_deduplication_token = 'another', insert_allow_materialized_columns = 1`,
  );
  expect(summed(await verify())).toEqual({ lost: 1, doubled: 1, changed: 1 });
});

test('a row that the store refused is a dead letter, and no difference', async () => {
  await send(many(20));
  // The store cannot read it.
  const odd = { event_id: 'odd', type: 'purchase', timestamp: Date.now(), late: 'perhaps' };
  await embedded.events.append([{ key: 'odd', value: JSON.stringify(odd) }]);
  await send(many(5));
  expect(await verify()).toMatchObject({ equal: true, log: { events: 26, refused: 1 } });
  await alter(`DELETE WHERE event_id = 'e${serial - 10}'`);
  expect(await verify()).toMatchObject({ equal: false, log: { refused: 1 }, differing: 1 });
});

test(`rows of rollups are found that are lost, unexpected or changed (seed ${seed})`, async () => {
  const thisHour = Date.now() - (Date.now() % hourMs);
  const bought = (user_id: string, hoursAgo: number) => ({
    ...anEvent(),
    timestamp: thisHour - hoursAgo * hourMs,
    user_id,
    properties: { value: '10.50', note: '', ratio: 2 / 3 },
  });
  await send([bought('lost', 1), bought('more', 2), bought('near', 2), bought('changed', 3)]);
  await send(many(300));
  for (const table of ['by_minute__v1', 'by_month__v1']) {
    await embedded.store.define(`OPTIMIZE TABLE ${table} FINAL`);
  }
  expect(await verify()).toMatchObject({
    equal: true,
    rollups: [{ differing: 0 }, { differing: 0 }],
    being_filled: [],
  });

  const alterRollup = (table: string, change: string) =>
    embedded.store.define(`ALTER TABLE ${table} ${change} SETTINGS mutations_sync = 2`);
  const insertAgain = (table: string, select: string) =>
    embedded.store.define(
      `INSERT INTO ${table} SELECT ${select} SETTINGS insert_deduplication_token = 'again'`,
    );
  await alterRollup('by_minute__v1', "DELETE WHERE user_id = 'lost'");
  await insertAgain(
    'by_minute__v1',
    "* REPLACE ('nobody' AS user_id) FROM by_minute__v1 AS r WHERE r.user_id = 'more'",
  );
  await alterRollup(
    'by_minute__v1',
    "UPDATE ratios = ratios * 1.00000001 WHERE user_id = 'changed'",
  );
  // As another order of adding could make it.
  await alterRollup(
    'by_minute__v1',
    "UPDATE ratios = ratios * 1.00000000001 WHERE user_id = 'near'",
  );
  const hour = (hoursAgo: number) => new Date(thisHour - hoursAgo * hourMs).toISOString();
  const expected = { orders: '1', revenue: '10.50', ratios: 2 / 3 };
  const [minutes, months] = (await verify()).rollups;
  expect(months).toMatchObject({ differing: 0, differences: [] });
  expect(minutes).toMatchObject({
    rollup: 'by_minute',
    version: 1,
    differing: 3,
    differences: [
      {
        hour: hour(3),
        changed: 1,
        first: [
          {
            what: 'changed',
            bucket: hour(3),
            dimensions: { user_id: 'changed', note: '' },
            expected,
            stored: { ...expected, ratios: (2 / 3) * 1.00000001 },
          },
        ],
      },
      {
        hour: hour(2),
        unexpected: 1,
        first: [
          {
            what: 'unexpected',
            bucket: hour(2),
            dimensions: { user_id: 'nobody', note: '' },
            expected: null,
            stored: expected,
          },
        ],
      },
      {
        hour: hour(1),
        lost: 1,
        first: [
          {
            what: 'lost',
            bucket: hour(1),
            dimensions: { user_id: 'lost', note: '' },
            expected,
            stored: null,
          },
        ],
      },
    ],
  });
  await insertAgain('by_month__v1', '* FROM by_month__v1');
  const again = await verify();
  expect(again).toMatchObject({ equal: false, differing: 0 });
  // Only what was added up shows it, here the number of values behind a mean.
  expect(again.rollups[1]?.differences[0]).toMatchObject({ lost: 0, unexpected: 0 });
  expect(again.rollups[1]?.differences[0]?.changed).toBeGreaterThan(0);
});

test('what a crash leaves of a comparison is gone with the next start', async () => {
  await send(many(20));
  await embedded.store.define('CREATE DATABASE millrace_verify');
  await embedded.store.define('CREATE TABLE millrace_verify.by_minute__v1 CLONE AS by_minute__v1');
  await embedded.close();
  embedded = await open();
  const { bytes } = await embedded.store.read('SHOW DATABASES', { format: 'TSV' });
  expect(Buffer.from(bytes).toString()).not.toContain('millrace_verify');
  expect(await verify()).toMatchObject({ equal: true });
});
