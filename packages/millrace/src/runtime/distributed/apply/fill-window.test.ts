import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventsInsertColumns } from '../../../compile/clickhouse/events-table.ts';
import { expectWindow } from '../../../compile/clickhouse/expect-window.suite.ts';
import type { CanonicalEvent } from '../../../compile/clickhouse/naive.suite.ts';
import { windowsOf } from '../../../compile/clickhouse/naive-windows.suite.ts';
import { resultsInsertColumns, resultsTable } from '../../../compile/clickhouse/results-table.ts';
import { openTestStore, type TestStore } from '../../../compile/clickhouse/test-store.suite.ts';
import { createWindowHistory } from '../../../compile/clickhouse/window-replay.ts';
import { createComputedWindow } from '../../../compile/clickhouse/window-versions.ts';
import { MillraceError } from '../../../errors.ts';
import { count, definePipeline, event, window } from '../../../index.ts';
import { logUpTo } from '../../../load/joined-log.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { atVersion } from '../../../plan/versions.ts';
import type { CrashPoint } from '../../../ports/crash-points.ts';
import type { LogReader } from '../../../ports/log.ts';
import { firstEndMs } from '../../../windows/replay-steps.ts';
import { database } from '../../database.ts';
import { nothingApplied } from './applied.ts';
import { Claim } from './claim.ts';
import { fillWindow } from './fill-window.ts';
import { memoryJournal } from './memory-journal.suite.ts';
import type { ReadingAgain } from './read-again.ts';
import type { WindowVersion } from './window-version.ts';

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
const of = { from: 'sale', by: ['user_id'], measures: { n: count() } } as const;
const plan = planOf(
  definePipeline({
    ...{ name: 'shop', events: { sale: event({}) } },
    windows: [
      window('days', { ...of, tumbling: '1d' }),
      window('visits', { ...of, session: { gap: '1h', max: '1d' } }),
    ],
  }),
);
const perPartition = 120;
const cut = [100, 70];
/** The windows that end up to it are computed by the store. */
const toMs = nowMs - 40 * dayMs;

/** Imported when its window was out, behind the cut. */
const isImported = (offset: number): boolean => offset === perPartition - 1;

/** Some of each day of the last half year, those behind the cut of windows that were open, or late. */
const salesOf = (partition: number): readonly CanonicalEvent[] =>
  Array.from({ length: perPartition }, (_, offset) => {
    const isBehind = offset >= (cut[partition] ?? 0);
    const late = offset % 11 === 5;
    const isInTime = isBehind && !late && !isImported(offset);
    const daysAgo = isImported(offset) ? 100 : (offset * 37 + partition) % (isInTime ? 40 : 180);
    const atMs = nowMs - daysAgo * dayMs;
    const times = { timestamp: atMs, received_at: atMs, appended_at: atMs };
    return {
      ...{ event_id: `${partition}-${offset}`, type: 'sale', ...times, late },
      ...{ user_id: `u${offset % 5}`, properties: {} },
    };
  });
const sales = [0, 1].flatMap((partition) =>
  salesOf(partition).filter((_, offset) => !isImported(offset)),
);

const linesOf = (rows: readonly object[]): Buffer =>
  Buffer.from(rows.map((one) => `${JSON.stringify(one)}\n`).join(''));

/** A partition of the clean log. */
const logOf = (partition: number): LogReader => ({
  ...{ start: 0, end: perPartition, waitPast: async () => {} },
  async read(from, { rowsMax }) {
    const events = salesOf(partition).slice(from, from + Math.min(rowsMax, 30));
    return { from, to: from + events.length, lines: linesOf(events), appendedAt: nowMs };
  },
});

/** Fills a version as an apply does that dies again and again. @returns how often, and what was kept. */
async function fillDying(
  version: WindowVersion,
  from: 'archive' | 'events',
  points: readonly CrashPoint[],
): Promise<{ readonly crashes: number; readonly kept: WindowVersion | undefined }> {
  const { store } = stored;
  const { table } = version.window;
  const journal = memoryJournal();
  const first = await Claim.take(journal);
  await first.keep({ ...nothingApplied, windows: { [table]: version } });
  await first.release();
  let crashes = 0;
  for (let passed = 0; ; passed += 1) {
    const claim = await Claim.take(journal);
    let left = 1 + (Math.floor(passed / points.length) % 2);
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
        if (point === points[passed % points.length]) left -= 1;
        if (left > 0) return;
        crashes += 1;
        throw new Crash('internal', point);
      },
    };
    try {
      await fillWindow({ table }, from, work);
      return { crashes, kept: claim.applied.windows[table] };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      await claim.release();
    }
  }
}

/** As a job writes them, which reads again what the store computed results from. */
async function insertResults(one: WindowPlan): Promise<void> {
  const rows = windowsOf(one, sales).map(({ startMs, endMs, dimensions, events }) => ({
    window_start: sqlTime(startMs),
    window_end: sqlTime(endMs),
    user_id: dimensions[0],
    n: events.length,
  }));
  const { table } = resultsTable(one, database);
  await stored.store.insert({
    ...{ table: `${database}.${table}`, columns: resultsInsertColumns(one), rows: rows.length },
    ...{ token: table, place: { partition: 0, offset: 0 }, lines: linesOf(rows) },
  });
}

const sqlTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, -1);

test('of each window the results of before are computed once, whatever dies, and those that come are joined to them', async () => {
  const { store } = stored;
  await stored.make(plan, database);
  for (const partition of [0, 1])
    await store.insert({
      ...{ table: `${database}.events`, columns: eventsInsertColumns, rows: perPartition },
      ...{ token: `p${partition}`, place: { partition, offset: 0 } },
      lines: linesOf(salesOf(partition)),
    });
  const points: readonly CrashPoint[] = ['window-replay-intended', 'window-replay-inserted'];
  for (const defined of plan.windows)
    for (const [n, from] of (['events', 'archive'] as const).entries()) {
      const one = atVersion(defined, 2 + n);
      for (const statement of [
        ...createComputedWindow(one, plan, { database, behindMs: toMs }),
        ...(from === 'archive' ? createWindowHistory(one, plan, { database }) : []),
      ])
        await store.define(statement);
      const fill = {
        ...{ toMs, cut, begins: [0, 0], events: 170, eventsDone: 0, intent: null },
        ...{ emittedAtMs: nowMs, doneToMs: firstEndMs(one, toMs) },
      };
      const { crashes, kept } = await fillDying(
        { window: one, definedAs: defined.table, stage: 'filling', from, fill },
        from,
        from === 'archive' ? ['replay-intended', 'replay-inserted', ...points] : points,
      );
      expect(crashes).toBeGreaterThan(3);
      expect(kept).toMatchObject({ stage: 'filled', fill: { intent: null, doneToMs: toMs } });
      const rows = () => stored.rows(`SELECT * FROM ${database}.${one.table}`);
      const before = sales.filter(({ timestamp }) => timestamp < toMs);
      expectWindow(one, await rows(), before);
      await insertResults(one);
      expectWindow(one, await rows(), sales);
      const left = await stored.rows(
        `SELECT name FROM system.tables WHERE startsWith(name, '${one.table}') ORDER BY name`,
      );
      expect(left.map(({ name }) => name)).toEqual([
        ...[one.table, `${one.table}__results`, `${one.table}__results__fill`],
      ]);
    }
}, 240_000);
