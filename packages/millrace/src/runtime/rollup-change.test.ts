import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
import type { RollupPlan } from '../plan/plan.ts';
import type { CrashPoint } from '../ports/crash-points.ts';
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
let failing: { point: CrashPoint; times: number };
beforeEach(begin);
afterEach(end);

function begin(): void {
  folder = mkdtempSync(join(tmpdir(), 'millrace-rollup-change-'));
  problems = [];
  news = [];
  failing = { point: 'rollup-intended', times: 0 };
}
async function end(): Promise<void> {
  await embedded?.close();
  embedded = undefined;
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
}

/** Closes what runs, and goes on with another definition. */
async function run(
  rollups: Pipeline['rollups'],
  more: Partial<EmbeddedOptions> & { readonly keep?: Pipeline['keep'] } = {},
): Promise<Embedded> {
  await embedded?.close();
  const { keep, ...options } = more;
  embedded = await openEmbedded({
    pipeline: {
      name: 'shop',
      events: { purchase: event({ value: decimal(18, 2), currency: string() }) },
      ...(keep ? { keep } : {}),
      ...(rollups ? { rollups } : {}),
    },
    folder,
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024 * 1024,
    eventsPerFillStep: 7,
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

/** Machines may be busy. */
const patient = { timeout: 60_000 };

const versions = [
  rollup('sums', { from: 'purchase', every: 'day', measures: { n: count(), total: sum('value') } }),
  rollup('sums', {
    from: 'purchase',
    every: 'hour',
    by: ['currency'],
    measures: { n: count(), total: sum('value'), people: uniq('user_id') },
  }),
  rollup('sums', {
    from: ['purchase'],
    every: 'week',
    where: { value: { gt: '1.00' } },
    measures: { n: count(), top: max('value') },
  }),
  rollup('sums', {
    from: 'purchase',
    every: 'month',
    by: ['currency'],
    measures: { n: count(), middle: quantiles('value', [0.5]) },
  }),
];
const [daily, hourly, weekly] = versions;
const definitions = (...all: readonly (typeof daily)[]) => all.flatMap((one) => one ?? []);

describe('a rollup whose definition changes while it is filled', () => {
  test('answers as before until the new version has everything, then goes', async () => {
    const first = await run(definitions(daily));
    await sell(first, fewSales);
    failing = { point: 'rollup-filled', times: Number.POSITIVE_INFINITY };
    const second = await run(definitions(hourly));
    expect(news).toEqual([
      'rollup sums v2 is being filled: 0 of 5 events; version 1 answers until then',
    ]);
    await expect.poll(() => second.rollups.at('sums__v2')?.eventsDone, patient).toBe(5);
    await sell(second, fewSales);
    expect(await lines(second, 'SELECT sum(n), sum(total) FROM sums')).toEqual(['10\t15']);
    expect(second.rollups.ready('sums')?.rollup.version).toBe(1);
    failing.times = 0;
    await second.filler.ended();
    expect(await lines(second, 'SELECT sum(n), sum(total), max(people) FROM sums')).toEqual([
      '10\t15\t1',
    ]);
    expect(await tablesOfSums(second)).toBe('sums sums__v2 sums__v2__fill');
    expect(news.slice(1)).toEqual([
      'rollup sums v2 is filled from 5 events and answers from now on',
    ]);
  });

  test('counts once what comes before a step, and what a step that is repeated had brought', async () => {
    await sell(await run(definitions(daily)), fewSales);
    failing = { point: 'rollup-intended', times: Number.POSITIVE_INFINITY };
    const filling = await run(definitions(hourly));
    await sell(filling, fewSales);
    failing = { point: 'rollup-inserted', times: 2 };
    await filling.filler.ended();
    expect(failing.times).toBe(0);
    expect(await lines(filling, 'SELECT sum(n), sum(total) FROM sums')).toEqual(['10\t15']);
  });

  test('back to what it was, goes on with the version that is still there', async () => {
    await sell(await run(definitions(daily)), fewSales);
    failing = { point: 'rollup-inserted', times: Number.POSITIVE_INFINITY };
    await sell(await run(definitions(hourly)), fewSales);
    const back = await run(definitions(daily));
    expect(back.changes).toEqual([]);
    expect(back.plan.rollups.map(({ table }) => table)).toEqual(['sums__v1']);
    expect(await tablesOfSums(back)).toBe('sums sums__v1 sums__v1__fill');
    expect(await lines(back, 'SELECT sum(n) FROM sums')).toEqual(['10']);
    failing.times = 0;
    const again = await run(definitions(hourly));
    expect(again.plan.rollups.map(({ table }) => table)).toEqual(['sums__v3']);
    await again.filler.ended();
    expect(await shown(again, 'sums')).toEqual(
      await recomputed(again, again.rollups.ready('sums')?.rollup ?? expect.fail()),
    );
  });

  test('that is new answers from the events meanwhile, and is gone with its definition', async () => {
    await sell(await run([]), fewSales);
    failing = { point: 'rollup-intended', times: Number.POSITIVE_INFINITY };
    const filling = await run(definitions(daily));
    expect(await lines(filling, 'SELECT sum(n), sum(total) FROM sums')).toEqual(['5\t7.5']);
    await sell(filling, fewSales);
    expect(await lines(filling, 'SELECT sum(n), sum(total) FROM sums')).toEqual(['10\t15']);
    expect(await tablesOfSums(await run([]))).toBe('');
  });

  test('says since when it has everything, where events were gone', async () => {
    // A sale of a year ago is counted, and its event goes with the next merge.
    const before = await run(definitions(daily), { keep: '400d' });
    await sell(before, [...fewSales, { ...oneSale, ageMs: 365 * dayMs }]);
    const keptSinceMs = Date.now() - 60 * dayMs;
    const after = await run(definitions(hourly), { keep: '60d' });
    await after.filler.ended();
    const since = after.rollups.ready('sums')?.completeSinceMs ?? 0;
    expect(Math.abs(since - keptSinceMs)).toBeLessThan(dayMs / 24);
    expect(await lines(after, 'SELECT sum(n) FROM sums')).toEqual(['4']);
    expect(news[0]).toMatch(
      /version 1 answers until then; with that go its numbers from before \d/,
    );
    expect(news[1]).toContain(`it has what happened since ${new Date(since).toISOString()}`);
    // Kept longer again, they are not there again.
    const longer = await run(definitions(weekly), { keep: '400d' });
    await longer.filler.ended();
    const laterSince = longer.rollups.ready('sums')?.completeSinceMs ?? 0;
    expect(laterSince - since).toBeGreaterThanOrEqual(0);
    expect(laterSince - since).toBeLessThan(dayMs / 24);
  });
});

const saleArbitrary = fc.record({
  ageMs: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 200 * dayMs })),
  cents: fc.integer({ min: 1, max: 500 }),
  currency: fc.constantFrom('EUR', 'GBP'),
  user: fc.nat({ max: 5 }),
});
const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.array(saleArbitrary, { minLength: 1, maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(...versions) },
  {
    weight: 2,
    arbitrary: fc.record({
      point: fc.constantFrom<CrashPoint>(
        'rollup-intended',
        'rollup-inserted',
        'rollup-filled',
        'rollup-shown',
        'rollup-switched',
        'rollup-cut-off',
      ),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

test('whatever is sent, changed and interrupted, readers see what the events say', async () => {
  await fc.assert(
    fc
      .asyncProperty(fc.array(stepArbitrary, { minLength: 4, maxLength: 12 }), async (steps) => {
        let now = await run(definitions(daily));
        for (const step of steps) {
          if ('point' in step) failing = { ...step };
          else if ('name' in step) now = await run([step]);
          else await sell(now, step);
          const rows = await shown(now, 'sums');
          const possible = [now.rollups.ready('sums')?.rollup, ...now.plan.rollups];
          const right = await Promise.all(
            possible.flatMap((version) => (version ? [recomputedOnce(now, version)] : [])),
          );
          expect(right).toContainEqual(rows);
        }
        failing.times = 0;
        await now.filler.ended();
        const [version] = now.plan.rollups;
        expect(await shown(now, 'sums')).toEqual(
          await recomputed(now, version ?? expect.fail('no rollup')),
        );
        expect(await tablesOfSums(now)).toBe(`sums ${version?.table} ${version?.table}__fill`);
        const kept: unknown = JSON.parse(
          readFileSync(join(folder, 'progress', 'rollups.json'), 'utf8'),
        );
        expect(kept).toMatchObject({ tables: { [version?.table ?? '']: { stage: 'ready' } } });
      })
      .beforeEach(begin)
      .afterEach(end),
    { numRuns: 12 },
  );
}, 600_000);

let names = 0;
/** As `recomputed`, several at a time. */
function recomputedOnce(from: Embedded, version: RollupPlan): Promise<readonly string[]> {
  names += 1;
  return recomputed(from, { ...version, table: `${version.table}_${names}` });
}
