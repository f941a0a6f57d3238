import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsInsertColumns } from '../../../compile/clickhouse/events-table.ts';
import { expectRollup } from '../../../compile/clickhouse/expect-rollup.suite.ts';
import type { CanonicalEvent } from '../../../compile/clickhouse/naive.suite.ts';
import { createVersionTable, showVersion } from '../../../compile/clickhouse/rollup-versions.ts';
import { openTestStore, type TestStore } from '../../../compile/clickhouse/test-store.suite.ts';
import { count, decimal, definePipeline, event, rollup, sum, uniq } from '../../../index.ts';
import { planOf } from '../../../plan/plan-of.ts';
import type { CrashPoint } from '../../../ports/crash-points.ts';
import { database } from '../../database.ts';
import { nothingApplied } from './applied.ts';
import { Claim } from './claim.ts';
import { type Filling, fillRollup } from './fill-rollup.ts';
import { memoryJournal } from './memory-journal.suite.ts';
import { newFill } from './rollup-version.ts';

let stored: TestStore;
beforeAll(async () => {
  stored = await openTestStore();
});
afterAll(async () => {
  await stored.close();
});

class Crash extends Error {}

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 15);
const clock = { now: () => nowMs };
const base = definePipeline({ name: 'shop', events: { sale: event({ value: decimal(18, 2) }) } });
const byDay = rollup('by_day', {
  ...{ from: 'sale', every: 'day', by: ['user_id'] },
  measures: { n: count(), total: sum('value'), people: uniq('user_id') },
});
const perPartition = 120;
const cut = [100, 70];

/** Some of each day of the last half year. */
const salesOf = (partition: number): readonly CanonicalEvent[] =>
  Array.from({ length: perPartition }, (_, offset) => {
    const atMs = nowMs - ((offset * 37 + partition) % 180) * dayMs;
    const times = { timestamp: atMs, received_at: atMs, appended_at: atMs };
    const value = `${offset}.${partition}0`;
    return {
      ...{ event_id: `${partition}-${offset}`, type: 'sale', ...times, late: false },
      ...{ user_id: `u${offset % 5}`, properties: { value } },
    };
  });

test('of what is stored all below the cut is brought in once, whatever dies', async () => {
  const { store } = stored;
  const plan = planOf(base);
  const next = planOf({ ...base, rollups: [byDay] }, plan);
  const [made = expect.fail('no rollup')] = next.rollups;
  await stored.make(plan, database);
  for (const partition of [0, 1])
    await store.insert({
      ...{ table: `${database}.events`, columns: eventsInsertColumns, rows: perPartition },
      ...{ token: `p${partition}`, place: { partition, offset: 0 } },
      lines: Buffer.from(
        salesOf(partition)
          .map((sale) => `${JSON.stringify(sale)}\n`)
          .join(''),
      ),
    });
  for (const statement of createVersionTable(made, next, { database }))
    await store.define(statement);

  const journal = memoryJournal();
  const first = await Claim.take(journal);
  const version = { rollup: made, stage: 'filling', fill: newFill(cut, 170) } as const;
  await first.keep({ ...nothingApplied, plan: next, rollups: { [made.table]: version } });
  await first.release();

  const points: readonly CrashPoint[] = ['rollup-intended', 'rollup-inserted'];
  let crashes = 0;
  for (let passed = 0; ; passed += 1) {
    const claim = await Claim.take(journal);
    let left = 1 + (Math.floor(passed / 2) % 2);
    const work: Filling = {
      ...{ claim, store, clock, tell: () => {} },
      reach(point) {
        if (point === points[passed % 2]) left -= 1;
        if (left > 0) return;
        crashes += 1;
        throw new Crash(point);
      },
    };
    try {
      await fillRollup(made, work);
      break;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      await claim.release();
    }
  }
  expect(crashes).toBeGreaterThan(3);
  const { applied } = await Claim.take(journal);
  expect(applied.rollups[made.table]).toMatchObject({
    stage: 'filled',
    fill: { events: 170, eventsDone: 170, intent: null, completeSinceMs: null },
  });
  await store.define(showVersion(made, 'table', { database }));
  const below = cut.flatMap((offset, partition) => salesOf(partition).slice(0, offset));
  expectRollup(made, await stored.rows(`SELECT * FROM ${database}.by_day`), below);
}, 240_000);
