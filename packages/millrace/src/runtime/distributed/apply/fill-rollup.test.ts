import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsInsertColumns } from '../../../compile/clickhouse/events-table.ts';
import { expectRollup } from '../../../compile/clickhouse/expect-rollup.suite.ts';
import type { CanonicalEvent } from '../../../compile/clickhouse/naive.suite.ts';
import { allBuckets, createReplaySource } from '../../../compile/clickhouse/rollup-replay.ts';
import { createVersionTable, showVersion } from '../../../compile/clickhouse/rollup-versions.ts';
import { openTestStore, type TestStore } from '../../../compile/clickhouse/test-store.suite.ts';
import { MillraceError } from '../../../errors.ts';
import { count, decimal, definePipeline, event, rollup, sum, uniq } from '../../../index.ts';
import { logUpTo } from '../../../load/joined-log.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { atVersion } from '../../../plan/versions.ts';
import type { CrashPoint } from '../../../ports/crash-points.ts';
import type { LogReader } from '../../../ports/log.ts';
import { database } from '../../database.ts';
import { nothingApplied } from './applied.ts';
import { Claim } from './claim.ts';
import { fillRollup } from './fill-rollup.ts';
import { memoryJournal } from './memory-journal.suite.ts';
import type { ReadingAgain } from './read-again.ts';
import { newFill, type RollupVersion } from './rollup-version.ts';

let stored: TestStore;
beforeAll(async () => {
  stored = await openTestStore();
});
afterAll(async () => {
  await stored.close();
});

class Crash extends MillraceError {}

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 15);
const clock = { now: () => nowMs };
const base = definePipeline({ name: 'shop', events: { sale: event({ value: decimal(18, 2) }) } });
const byDay = rollup('by_day', {
  ...{ from: 'sale', every: 'day', by: ['user_id'] },
  measures: { n: count(), total: sum('value'), people: uniq('user_id') },
});
const plan = planOf(base);
const next = planOf({ ...base, rollups: [byDay] }, plan);
const [made = expect.fail('no rollup')] = next.rollups;
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

const linesOf = (events: readonly CanonicalEvent[]): Buffer =>
  Buffer.from(events.map((one) => `${JSON.stringify(one)}\n`).join(''));

/** Offsets without a record, as ends of transactions have none. */
const isGap = (offset: number): boolean => offset % 10 === 3;

/** A partition of the clean log. */
const logOf = (partition: number): LogReader => ({
  ...{ start: 0, end: perPartition, waitPast: async () => {} },
  async read(at, { rowsMax }) {
    const from = isGap(at) ? at + 1 : at;
    const rest = salesOf(partition).slice(from);
    const gap = rest.findIndex((_, n) => isGap(from + n));
    const events = rest.slice(0, gap < 0 ? rowsMax : Math.min(gap, rowsMax));
    const lines = linesOf(events);
    return { from, to: from + events.length, lines, appendedAt: nowMs };
  },
});

/** Fills a version as an apply does that dies again and again. @returns how often, and what was kept. */
async function fillDying(
  version: RollupVersion,
  points: readonly [CrashPoint, CrashPoint],
): Promise<{ readonly crashes: number; readonly kept: RollupVersion | undefined }> {
  const { store } = stored;
  const { rollup: made } = version;
  const journal = memoryJournal();
  const first = await Claim.take(journal);
  await first.keep({ ...nothingApplied, rollups: { [made.table]: version } });
  await first.release();
  let crashes = 0;
  for (let passed = 0; ; passed += 1) {
    const claim = await Claim.take(journal);
    let left = 1 + (Math.floor(passed / 2) % 2);
    const work: ReadingAgain = {
      ...{ claim, store, clock, tell: () => {}, onFill: () => {} },
      history: {
        read: (_, partition, read) => {
          const log = logOf(partition);
          return read({
            ...{ log, start: async () => 0, withArchive: async () => log },
            upToCut: async ({ cut }) => logUpTo(log, cut),
          });
        },
      },
      reach(point) {
        if (point === points[passed % 2]) left -= 1;
        if (left > 0) return;
        crashes += 1;
        throw new Crash('internal', point);
      },
    };
    try {
      await fillRollup(made, work);
      return { crashes, kept: claim.applied.rollups[made.table] };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      await claim.release();
    }
  }
}

test('of what is stored all below the cut is brought in once, whatever dies', async () => {
  const { store } = stored;
  await stored.make(plan, database);
  for (const partition of [0, 1])
    await store.insert({
      ...{ table: `${database}.events`, columns: eventsInsertColumns, rows: perPartition },
      ...{ token: `p${partition}`, place: { partition, offset: 0 } },
      lines: linesOf(salesOf(partition)),
    });
  for (const statement of createVersionTable(made, next, { database }))
    await store.define(statement);

  const version = { rollup: made, stage: 'filling', fill: newFill(cut, 170) } as const;
  const { crashes, kept } = await fillDying(version, ['rollup-intended', 'rollup-inserted']);
  expect(crashes).toBeGreaterThan(3);
  expect(kept).toMatchObject({
    stage: 'filled',
    fill: { events: 170, eventsDone: 170, intent: null, completeSinceMs: null },
  });
  await store.define(showVersion(made, 'table', { database }));
  const below = cut.flatMap((offset, partition) => salesOf(partition).slice(0, offset));
  expectRollup(made, await stored.rows(`SELECT * FROM ${database}.by_day`), below);
});

test('of what the log has below the cut all is brought in once, whatever dies', async () => {
  const { store } = stored;
  const cuts = [100, 0, 70, 3, 90, 120];
  const replayed = atVersion(made, made.version + 1);
  for (const statement of [
    ...createVersionTable(replayed, next, { database }),
    ...createReplaySource(replayed, allBuckets, { database }),
  ])
    await store.define(statement);
  const fill = newFill(cuts, 383);
  const version = { rollup: replayed, stage: 'filling', fill, from: 'log' } as const;
  const { crashes, kept } = await fillDying(version, ['replay-intended', 'replay-inserted']);
  expect(crashes).toBeGreaterThan(3);
  expect(kept).toMatchObject({
    stage: 'filled',
    fill: { eventsDone: 383, completeSinceMs: null },
  });
  await store.define(showVersion(replayed, 'table', { database }));
  const below = cuts.flatMap((cut, partition) =>
    salesOf(partition).filter((_, offset) => offset < cut && !isGap(offset)),
  );
  expectRollup(replayed, await stored.rows(`SELECT * FROM ${database}.by_day`), below);
});
