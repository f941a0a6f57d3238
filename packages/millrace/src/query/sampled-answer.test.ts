import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryCache } from '../adapters/cache/memory-cache.ts';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import type { CanonicalEvent } from '../compile/clickhouse/naive.suite.ts';
import { questionSelect } from '../compile/clickhouse/question.ts';
import { bucketsSelect } from '../compile/clickhouse/questions/asked-range.ts';
import { openTestStore, type TestStore } from '../compile/clickhouse/test-store.suite.ts';
import { count, decimal, definePipeline, event, rollup, sum } from '../index.ts';
import { createLimiter } from '../limiter.ts';
import { planOf } from '../plan/plan-of.ts';
import { createAnswering } from './answer-question.ts';
import { unlimitedReader } from './reader.ts';

const database = 'sampled_answers';
const plan = planOf(
  definePipeline({
    name: 'sampled',
    events: { sale: event({ value: decimal(18, 2) }) },
    rollups: [rollup('sales', { from: 'sale', every: 'hour', measures: { sales: count() } })],
  }),
);
const sinceMs = Date.UTC(2026, 10, 29);
const hours = 6;
const untilMs = sinceMs + hours * 3_600_000;
const rows = 40_000;
const clock = { now: () => untilMs };

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  // With marks as near as this, few rows are as many granules as otherwise millions of rows.
  for (const statement of clickhouseDdl(plan, { database }).statements)
    await test.store.define(
      /^CREATE TABLE .*\.`events`/.test(statement)
        ? statement.replace('SETTINGS ', 'SETTINGS index_granularity = 16, ')
        : statement,
    );
  const sales = Array.from({ length: rows }, (_, index): CanonicalEvent => {
    const timestamp = sinceMs + Math.floor(((untilMs - sinceMs) * index) / rows);
    return {
      event_id: `e${index}`,
      type: 'sale',
      timestamp,
      received_at: timestamp,
      appended_at: timestamp,
      late: false,
      properties: { value: `${index % 10}.00` },
    };
  });
  await test.insert(database, sales, 'sales');
});
afterAll(() => test.close());

const answering = async (rowsReadMax: number): Promise<(document: unknown) => Promise<string>> => {
  const answer = await createAnswering({
    plan,
    rollups: () => plan.rollups.map((one) => ({ rollup: one, completeSinceMs: null })),
    store: test.store,
    clock,
    asOfMs: () => untilMs,
    versionOf: () => null,
    cache: memoryCache({ clock, unitsMax: 1_000_000 }),
    line: createLimiter({ atOnceMax: 4 }),
    statements: {
      answer: (question, serving) => questionSelect(question, serving, { database }),
      buckets: bucketsSelect,
    },
    settings: {},
    rowsReadMax,
  });
  return (document) => answer(document, unlimitedReader);
};

const range = { from: 'sale', since: sinceMs, until: untilMs };
const revenue = { ...range, measures: { revenue: sum('value'), sales: count() } };
const trueRevenue = 4.5 * rows;

it('reads as much as a question may, and says how far off it may be', async () => {
  const ask = await answering(rows / 2);
  await expect(ask(revenue)).rejects.toMatchObject({ code: 'question_too_costly' });
  const answer = JSON.parse(await ask({ ...revenue, sample: 'auto' }));
  expect(answer.rows_read).toBeLessThanOrEqual(rows / 2);
  expect(answer.sampled).toEqual({ share: 0.25, slices: 256, slice_ms: 21_094 });
  const [row] = answer.rows;
  expect(row.revenue_low).toBeLessThanOrEqual(trueRevenue);
  expect(row.revenue_high).toBeGreaterThanOrEqual(trueRevenue);
  expect(row.revenue_high - row.revenue_low).toBeLessThan(0.05 * trueRevenue);
  expect(Object.keys(row)).toEqual(answer.columns.map(({ name }: { name: string }) => name));
});

it('reads the share that is asked for', async () => {
  const ask = await answering(rows);
  const answer = JSON.parse(await ask({ ...revenue, sample: 0.02 }));
  expect(answer.sampled).toMatchObject({ share: 0.02 });
  expect(answer.rows_read).toBeLessThan(rows / 4);
  expect(Number(answer.rows[0].sales)).toBeGreaterThan(0.9 * rows);
  expect(Number(answer.rows[0].sales)).toBeLessThan(1.1 * rows);
});

it('is exact where all may be read, or a rollup answers', async () => {
  const whole = JSON.parse(await (await answering(rows))({ ...revenue, sample: 'auto' }));
  expect(whole).toMatchObject({
    sampled: null,
    rows: [{ revenue: '180000.00', revenue_low: trueRevenue, revenue_high: trueRevenue }],
  });
  const ask = await answering(rows / 2);
  const counted = { ...range, measures: { sales: count() }, sample: 0.1 };
  expect(JSON.parse(await ask(counted))).toMatchObject({
    sampled: null,
    served_by: 'sales',
    rows: [{ sales: String(rows), sales_low: rows, sales_high: rows }],
  });
  expect(JSON.parse(await ask({ ...counted, sample: undefined }))).not.toHaveProperty('sampled');
});

it('is refused where no part of the time is few enough rows', async () => {
  const ask = await answering(100);
  await expect(ask({ ...revenue, sample: 'auto' })).rejects.toMatchObject({
    code: 'question_too_costly',
    message: expect.stringContaining('may read 100.00'),
  });
});
