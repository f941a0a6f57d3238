import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskObjects } from '../adapters/objects/disk-objects.ts';
import { print } from '../compile/clickhouse/printer.ts';
import { createRollupView } from '../compile/clickhouse/rollup-table.ts';
import {
  count,
  decimal,
  event,
  max,
  type Pipeline,
  quantiles,
  rollup,
  string,
  sum,
  uniq,
} from '../index.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';
import { database } from './database.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import {
  dayMs,
  fewSales,
  lines,
  oneSale,
  recomputed,
  sell,
  shown,
  tablesOfSums,
} from './selling.suite.ts';

class Crash extends Error {}

let folder: string;
let embedded: Embedded | undefined;
let problems: string[];
let news: string[];
/** What fails from now on, and how often. */
let failing: { point: CrashPoint | null; times: number };
beforeEach(begin);
afterEach(end);

function begin(): void {
  folder = mkdtempSync(join(tmpdir(), 'millrace-replay-'));
  problems = [];
  news = [];
  failing = { point: null, times: 0 };
}
async function end(): Promise<void> {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
}

const sums = rollup('sums', {
  from: 'purchase',
  every: 'day',
  by: ['currency'],
  where: { value: { gt: '0.10' } },
  measures: {
    n: count(),
    total: sum('value'),
    top: max('value'),
    people: uniq('user_id'),
    middle: quantiles('value', [0.5]),
  },
});

/** Closes what runs, and goes on. */
async function run(
  more: Partial<EmbeddedOptions> & Partial<Pick<Pipeline, 'keep' | 'rollups'>> = {},
): Promise<Embedded> {
  await embedded?.close();
  const { keep, rollups = [sums], ...options } = more;
  embedded = await openEmbedded({
    pipeline: {
      name: 'shop',
      events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
      rollups,
      ...(keep ? { keep } : {}),
    },
    folder: join(folder, 'data'),
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024 * 1024,
    eventsPerFillStep: 7,
    archive: { objects: diskObjects(join(folder, 'archive')), waitMsMax: 3_600_000 },
    reach: (point) => {
      if (point !== failing.point || failing.times === 0) return;
      failing.times -= 1;
      throw new Crash(point);
    },
    onProblem: (what, error) => {
      if (!(error instanceof Crash)) problems.push(`${what}: ${String(error)}`);
    },
    onNews: (sentence) => news.push(sentence),
    ...options,
  });
  return embedded;
}

/** What a version of the rollup has, whoever reads it. */
async function rowsOf(from: Embedded, table: string): Promise<readonly string[]> {
  const version = from.rollups.at(table)?.rollup ?? expect.fail(`no ${table}`);
  const name = `seen_${table}`;
  await from.store.define(print(createRollupView({ ...version, name }, database)));
  const rows = await shown(from, name);
  await from.store.define(`DROP VIEW ${name}`);
  return rows;
}
const everything = { rollup: 'sums', sinceMs: null, untilMs: null } as const;

describe('a replay', () => {
  test.each(['archive', 'log', 'events'] as const)(
    'from the %s makes the same table while events flow, and goes back',
    async (from) => {
      const now = await run();
      await sell(now, fewSales);
      await now.archiver?.flush();
      await sell(now, fewSales);
      failing = { point: 'rollup-filled', times: Number.POSITIVE_INFINITY };
      await now.replays.begin({ ...everything, from });
      await sell(now, fewSales);
      expect(now.rollups.ready('sums')?.rollup.version).toBe(1);
      failing.times = 0;
      await now.filler.ended();
      const place = now.rollups.ready('sums');
      expect(place).toMatchObject({ rollup: { version: 2 }, cut: 10, events: 10, eventsDone: 10 });
      await sell(now, fewSales);
      expect(await lines(now, 'SELECT sum(n), sum(total) FROM sums')).toEqual(['20\t30']);
      const right = await recomputed(now);
      expect(await rowsOf(now, 'sums__v2')).toEqual(right);
      expect(await rowsOf(now, 'sums__v1')).toEqual(right);
      expect(await tablesOfSums(now)).toBe('sums sums__v1 sums__v1__fill sums__v2 sums__v2__fill');

      await now.replays.back('sums');
      expect(now.rollups.ready('sums')?.rollup.version).toBe(1);
      expect(await shown(now)).toEqual(right);
      await now.replays.drop('sums');
      await now.filler.ended();
      expect(await tablesOfSums(now)).toBe('sums sums__v1 sums__v1__fill');
      expect(await shown(now)).toEqual(right);
    },
  );

  test('of a range leaves the other buckets as they were', async () => {
    const midnightMs = Math.floor(Date.now() / dayMs) * dayMs;
    const now = await run();
    const days = Array.from({ length: 100 }, (_, day) => ({ ...oneSale, ageMs: day * dayMs }));
    await sell(now, days);
    await now.archiver?.flush();
    // A table that lost something, so that it can be seen what is replayed.
    await now.store.define(
      `ALTER TABLE sums__v1 DELETE WHERE bucket < now() - INTERVAL 50 DAY SETTINGS mutations_sync = 1`,
    );
    const before = await shown(now);
    const right = await recomputed(now);
    const sinceMs = midnightMs - 70 * dayMs;
    const untilMs = midnightMs - 20 * dayMs;
    for (const from of ['archive', 'events'] as const) {
      await now.replays.begin({ rollup: 'sums', from, sinceMs, untilMs });
      await now.filler.ended();
      const isIn = (row: string): boolean => {
        const bucketMs = Date.parse(`${row.slice(0, 10)}T00:00:00Z`);
        return bucketMs >= sinceMs && bucketMs < untilMs;
      };
      const mixed = [...before.filter((row) => !isIn(row)), ...right.filter(isIn)].sort();
      expect(mixed.length).toBeGreaterThan(before.length);
      expect([...(await shown(now))].sort()).toEqual(mixed);
      await now.replays.back('sums');
      expect(await shown(now)).toEqual(before);
    }
  });

  test('that is given up leaves nothing, and one at a time is under way', async () => {
    const now = await run();
    await sell(now, fewSales);
    failing = { point: 'replay-inserted', times: Number.POSITIVE_INFINITY };
    await now.replays.begin({ ...everything, from: 'log' });
    await expect(now.replays.begin({ ...everything, from: 'log' })).rejects.toMatchObject({
      code: 'replay_conflict',
    });
    await now.replays.drop('sums');
    await now.filler.ended();
    expect(await tablesOfSums(now)).toBe('sums sums__v1 sums__v1__fill');
    await sell(now, fewSales);
    expect(await shown(now)).toEqual(await recomputed(now));
    // Its number is not given out again, after a restart either.
    failing = { point: null, times: 0 };
    const again = await run();
    await again.replays.begin({ ...everything, from: 'log' });
    await again.filler.ended();
    expect(again.rollups.ready('sums')?.rollup.version).toBe(3);
  });

  test('ends with the definition that it was of', async () => {
    const now = await run();
    await sell(now, fewSales);
    await now.replays.begin({ ...everything, from: 'log' });
    await now.filler.ended();
    failing = { point: 'replay-inserted', times: Number.POSITIVE_INFINITY };
    await now.replays.begin({ ...everything, from: 'log' });
    const changed = rollup('sums', { from: 'purchase', every: 'day', measures: { n: count() } });
    const after = await run({ rollups: [changed] });
    await after.filler.ended();
    expect(after.rollups.places.map(({ rollup, stage }) => [rollup.version, stage])).toEqual([
      [4, 'ready'],
    ]);
    expect(await tablesOfSums(after)).toBe('sums sums__v4 sums__v4__fill');
    expect(await shown(after)).toEqual(await recomputed(after));
  });

  test('from the archive has what the store no longer keeps', async () => {
    const before = await run({ keep: '400d' });
    await sell(before, [...fewSales, { ...oneSale, ageMs: 365 * dayMs }]);
    await before.archiver?.flush();
    const right = await recomputed(before);
    const now = await run({ keep: '60d' });
    await now.store.define('OPTIMIZE TABLE events FINAL');
    expect((await recomputed(now)).length).toBeLessThan(right.length);
    await now.replays.begin({ ...everything, from: 'archive' });
    await now.filler.ended();
    expect(now.rollups.ready('sums')).toMatchObject({
      rollup: { version: 2 },
      completeSinceMs: null,
    });
    expect(await shown(now)).toEqual(right);
  });
});

const saleArbitrary = fc.record({
  ageMs: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 200 * dayMs })),
  cents: fc.integer({ min: 1, max: 500 }),
  currency: fc.constantFrom('EUR', 'GBP'),
  user: fc.nat({ max: 5 }),
});
const salesArbitrary = fc.array(saleArbitrary, { minLength: 1, maxLength: 40 });
const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: salesArbitrary },
  {
    weight: 3,
    arbitrary: fc.record({
      from: fc.constantFrom<RollupReplay['from']>('archive', 'log', 'events'),
      sinceDays: fc.option(fc.integer({ min: 100, max: 150 })),
      untilDays: fc.option(fc.integer({ min: 0, max: 99 })),
    }),
  },
  { weight: 1, arbitrary: fc.constant('flush' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      point: fc.constantFrom<CrashPoint>(
        'replay-copied',
        'replay-intended',
        'replay-inserted',
        'rollup-filled',
        'rollup-shown',
        'rollup-switched',
        'rollup-cut-off',
        'load-intended',
        'load-inserted',
      ),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

test('whatever is sent, replayed and interrupted, every version equals the events', async () => {
  await fc.assert(
    fc
      .asyncProperty(
        salesArbitrary,
        fc.array(stepArbitrary, { minLength: 3, maxLength: 8 }),
        async (first, steps) => {
          const midnightMs = Math.floor(Date.now() / dayMs) * dayMs;
          let now = await run({ logRetentionMs: null });
          await sell(now, first);
          for (const step of steps) {
            if (step === 'flush') await now.archiver?.flush();
            else if (step === 'restart') now = await run({ logRetentionMs: null });
            else if ('from' in step) {
              if (now.rollups.in('filling').length > 0) continue;
              const { from, sinceDays, untilDays } = step;
              if (from === 'archive') await now.archiver?.flush();
              await now.replays.begin({
                ...{ rollup: 'sums', from },
                sinceMs: sinceDays === null ? null : midnightMs - sinceDays * dayMs,
                untilMs: untilDays === null ? null : midnightMs - untilDays * dayMs,
              });
            } else if ('point' in step) failing = { ...step };
            else await sell(now, step);
            expect(await shown(now)).toEqual(await recomputed(now));
          }
          failing.times = 0;
          await now.filler.ended();
          const right = await recomputed(now);
          expect(await shown(now)).toEqual(right);
          for (const { rollup: version } of now.rollups.places)
            expect(await rowsOf(now, version.table)).toEqual(right);
        },
      )
      .beforeEach(begin)
      .afterEach(end),
    { numRuns: 5 },
  );
});
