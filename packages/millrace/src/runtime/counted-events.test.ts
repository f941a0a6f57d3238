import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { everyKind } from '../compile/clickhouse/every-kind.suite.ts';
import { events } from '../compile/clickhouse/random-events.suite.ts';
import { soughtEventsSelect } from '../compile/clickhouse/sought-events.ts';
import { openTestStore, type TestStore } from '../compile/clickhouse/test-store.suite.ts';
import { createLimiter } from '../limiter.ts';
import { planOf } from '../plan/plan-of.ts';
import { createFinding, type EventRecord } from '../query/find-events.ts';
import { unlimitedReader } from '../query/reader.ts';

const plan = planOf(everyKind);
const database = 'counted';
let at: TestStore;
beforeAll(async () => {
  at = await openTestStore();
  await at.make(plan, database);
});
afterAll(() => at.close());

const keyOf = (bucket: unknown, dimensions: readonly unknown[]): string =>
  JSON.stringify([bucket, ...dimensions]);

/** How many of the events are said to be in each row of a rollup. */
function rowsOf(name: string, records: readonly EventRecord[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (const { rollups } of records) {
    for (const { rollup, bucket, dimensions } of rollups) {
      const key = keyOf(bucket, Object.values(dimensions));
      if (rollup === name) rows.set(key, (rows.get(key) ?? 0) + 1);
    }
  }
  return rows;
}

test('a rollup has exactly the rows that records of events name, and counts as many', async () => {
  const all = fc.sample(events, { numRuns: 20, seed: 7 }).flatMap((list, i) =>
    // So that they are found at once: no rollup asks for it.
    list.map((event) => ({ ...event, event_id: `${i}${event.event_id}`, session_id: 'all' })),
  );
  await at.insert(database, all, 'all');
  const find = createFinding({
    plan,
    rollups: () => plan.rollups,
    store: at.store,
    clock: { now: () => 0 },
    asOfMs: () => null,
    statement: (asked, rollups) => soughtEventsSelect(asked, rollups, { database }),
    settings: {},
    rowsReadMax: 1_000_000,
    line: createLimiter({ atOnceMax: 4 }),
  });
  const sought = { by: 'session_id', value: 'all', before: null, rowsMax: 1_000 } as const;
  const { events: records, next } = await find(sought, unlimitedReader);
  expect([records.length, next]).toEqual([all.length, null]);
  expect(all.length).toBeGreaterThan(50);
  for (const { name, by, measures } of plan.rollups) {
    const rows = await at.rows(`SELECT * FROM ${database}.${name}`);
    const named = rowsOf(name, records);
    const keys = rows.map((row) =>
      keyOf(
        row.bucket,
        by.map((one) => row[one.name]),
      ),
    );
    expect([...named.keys()].sort(), name).toEqual(keys.sort());
    expect(named.size, name).toBeGreaterThan(1);
    const counts = measures.find(({ kind }) => kind === 'count');
    for (const row of counts ? rows : []) {
      const key = keyOf(
        row.bucket,
        by.map((one) => row[one.name]),
      );
      expect(String(named.get(key)), key).toBe(row[counts?.name ?? '']);
    }
  }
});
