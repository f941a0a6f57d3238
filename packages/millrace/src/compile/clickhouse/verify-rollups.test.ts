import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Pipeline } from '../../define/pipeline.ts';
import { event, float64, quantiles, rollup, uniq } from '../../index.ts';
import type { RollupPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { everyKind } from './every-kind.suite.ts';
import { events } from './random-events.suite.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';
import {
  compareHours,
  copyMonth,
  createCopies,
  createCopy,
  dropCopies,
  eventsByHour,
  firstDifferent,
  statesByHour,
} from './verify-rollups.ts';

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

let databases = 0;
const freshDatabase = async (pipeline: Pipeline) => {
  databases += 1;
  const database = `v${databases}`;
  const plan = planOf(pipeline);
  await test.make(plan, database);
  return { database, plan };
};

type Fresh = Awaited<ReturnType<typeof freshDatabase>>;

/** What is compared of each rollup, in all its hours at once. */
async function compared({ database, plan }: Fresh, rollup: RollupPlan) {
  const place = { database, partition: 0 };
  const sizes = [
    ...(await test.rows(eventsByHour(rollup, place))),
    ...(await test.rows(statesByHour(rollup, database))),
  ];
  const hours = sizes.map(({ hour }) => Number(hour));
  const range = {
    fromHour: Math.min(...hours),
    toHour: Math.max(...hours) + 1,
    cut: 1_000_000_000,
  };
  for (const statement of [...createCopies(database), ...createCopy(rollup, plan, database)])
    await test.store.define(statement);
  for (const month of new Set(sizes.map(({ month }) => String(month))))
    await test.store.define(copyMonth(rollup, month, database));
  const rows = await test.rows(compareHours(rollup, range, place));
  const different = await test.rows(firstDifferent(rollup, range, { ...place, rowsMax: 5 }));
  await test.store.define(dropCopies(database));
  return { rows, different };
}

it('finds nothing where nothing is wrong, whatever is measured, at every limit', async () => {
  const fresh = await freshDatabase(everyKind);
  const all = fc
    .sample(events, { numRuns: 10, seed: 7 })
    .flatMap((list, i) => list.map((one) => ({ ...one, event_id: `${i}${one.event_id}` })));
  for (let at = 0; at < all.length; at += 40)
    await test.insert(fresh.database, all.slice(at, at + 40), `t${at}`);
  for (const rollup of fresh.plan.rollups) {
    const { rows, different } = await compared(fresh, rollup);
    expect(different).toEqual([]);
    expect(rows.length).toBeGreaterThan(0);
    for (const { expected, stored, lost, unexpected, changed } of rows) {
      expect([rollup.name, stored, lost, unexpected, changed]).toEqual([
        rollup.name,
        expected,
        '0',
        '0',
        '0',
      ]);
    }
  }
});

it('finds each rollup that a lost event was counted in, and says what it should be', async () => {
  const fresh = await freshDatabase(everyKind);
  const [one] = fc
    .sample(events, { numRuns: 1, seed: 7 })
    .flat()
    .filter(({ type }) => type === 'sale');
  if (!one) throw new Error('no sale');
  await test.insert(fresh.database, [one], 'one');
  await test.store.define(`TRUNCATE TABLE ${fresh.database}.events`);
  for (const rollup of fresh.plan.rollups.filter(({ where }) => where === null)) {
    const { rows, different } = await compared(fresh, rollup);
    expect(rows).toMatchObject([{ expected: '0', stored: '1', unexpected: '1' }]);
    expect(different).toMatchObject([{ expected: '0', stored: '1' }]);
    const { dimensions, stored_values } = different[0] ?? {};
    expect(dimensions).toHaveLength(rollup.by.length);
    expect(stored_values).toHaveLength(rollup.measures.length);
  }
});

it('takes sketches of many values for what they are, however they were cut', async () => {
  const fresh = await freshDatabase({
    name: 'many',
    events: { ping: event({ ratio: float64() }) },
    rollups: [
      rollup('sketches', {
        from: 'ping',
        every: 'month',
        by: ['session_id'],
        measures: {
          ids: uniq('event_id'),
          people: uniq('user_id'),
          spread: quantiles('ratio', [0.01, 0.5, 0.99]),
        },
      }),
    ],
  });
  for (let batch = 0; batch < 6; batch += 1)
    await test.store.define(
      `INSERT INTO ${fresh.database}.events (event_id, type, timestamp, received_at, late, user_id, session_id, properties, _partition, _offset)
       SELECT 'e' || toString(n), 'ping', fromUnixTimestamp64Milli(toInt64(1767225600000 + n)) AS at, at, false,
              'u' || toString(n % 150000), if(n % 100 = 0, 'small', 'large'),
              CAST('{"ratio":' || toString(exp((n % 1000) / 50)) || '}' AS JSON(ratio Nullable(Float64))), 0, n
       FROM (SELECT number + ${batch * 100_000} AS n FROM numbers(100000 + ${batch}))
       SETTINGS insert_allow_materialized_columns = 1, max_block_size = ${10_000 + batch * 777}`,
    );
  const [sketches] = fresh.plan.rollups;
  if (!sketches) throw new Error('no rollup');
  const { rows, different } = await compared(fresh, sketches);
  expect(different).toEqual([]);
  expect(rows).toMatchObject([{ expected: '2', stored: '2', changed: '0' }]);
});
