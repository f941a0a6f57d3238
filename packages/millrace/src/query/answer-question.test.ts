import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryCache } from '../adapters/cache/memory-cache.ts';
import { everyKind } from '../compile/clickhouse/every-kind.suite.ts';
import type { CanonicalEvent } from '../compile/clickhouse/naive.suite.ts';
import { questionSelect } from '../compile/clickhouse/question.ts';
import { bucketsSelect } from '../compile/clickhouse/questions/asked-range.ts';
import { openTestStore, type TestStore } from '../compile/clickhouse/test-store.suite.ts';
import { createLimiter } from '../limiter.ts';
import { planOf } from '../plan/plan-of.ts';
import { type AnswerOptions, createAnswering } from './answer-question.ts';
import { type Reader, unlimitedReader } from './reader.ts';

const database = 'answered';
const plan = planOf(everyKind);
const nowMs = Date.UTC(2026, 10, 30, 12);

const clock = { now: () => nowMs };

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  await test.make(plan, database);
});
afterAll(() => test.close());

const answering = async (
  settings: { readonly [name: string]: string | number } = {},
  asOfMs: number | null = nowMs,
  version: string | null = null,
  more: Partial<AnswerOptions> = {},
): Promise<(document: unknown, reader?: Reader) => Promise<string>> => {
  const answer = await createAnswering({
    plan,
    rollups: () => plan.rollups.map((rollup) => ({ rollup, completeSinceMs: null })),
    store: test.store,
    clock,
    asOfMs: () => asOfMs,
    versionOf: () => version,
    cache: memoryCache({ clock, unitsMax: 1_000_000 }),
    line: createLimiter({ atOnceMax: 4 }),
    statements: {
      answer: (question, serving) => questionSelect(question, serving, { database }),
      buckets: bucketsSelect,
    },
    settings,
    rowsReadMax: 9,
    ...more,
  });
  return (document, reader = unlimitedReader) => answer(document, reader);
};

const events = { from: plan.events[0]?.type, measures: { events: { kind: 'count' } } };

it('says whether it was made before, and is the same then', async () => {
  const ask = await answering({}, nowMs, 'some version');
  const { cached, ...first } = JSON.parse(await ask(events));
  expect(cached).toBe(false);
  const { cached: again, ...second } = JSON.parse(await ask({ ...events, age: '5s' }));
  expect(again).toBe(true);
  expect(second).toEqual(first);
  expect(JSON.parse(await ask({ ...events, limit: 5 }))).toMatchObject({ cached: false });
});

it('says up to when it holds', async () => {
  const ask = await answering({}, nowMs - 1500);
  expect(JSON.parse(await ask(events))).toMatchObject({
    rows: [{ events: '0' }],
    as_of: '2026-11-30T11:59:58.500Z',
  });
  const unsure = await answering({}, null);
  expect(JSON.parse(await unsure(events))).toMatchObject({ rows: [{ events: '0' }], as_of: null });
});

it('says how it came about, if asked', async () => {
  const ask = await answering();
  expect(JSON.parse(await ask(events))).not.toHaveProperty('explanation');
  const both = { ...events, from: ['sale', 'refund'], explain: true };
  const { explanation } = JSON.parse(await ask(both));
  expect(explanation).toEqual({
    sql: expect.stringContaining('per_minute__v1'),
    events_sql: expect.not.stringContaining('per_minute__v1'),
    bytes_read: expect.any(Number),
    rows_filled: 0,
    tables: expect.arrayContaining([
      expect.objectContaining({ name: 'events', served: false }),
      {
        name: 'per_second',
        served: false,
        why: 'It counts other events, or lacks a field of the condition.',
      },
      { name: 'per_minute', served: true, why: 'It is the coarsest that gives the same answer.' },
      { name: 'per_month', served: false, why: 'It does not keep what events measures.' },
    ]),
  });
});

it('answers from the tables that its reader may ask, and tells of no others', async () => {
  const both = { ...events, from: ['sale', 'refund'], explain: true };
  const limitedTo = (...tables: string[]): Reader => ({ tables: new Set(tables) });
  const ask = await answering({}, nowMs, 'some version');
  const tellsOf = async (reader: Reader) => {
    const { served_by, explanation } = JSON.parse(await ask(both, reader));
    return [served_by, explanation.tables.map(({ name }: { name: string }) => name)];
  };
  const [, all] = await tellsOf(unlimitedReader);
  expect(all).toContain('per_month');
  // Whoever asked before, and may ask more, does not tell them.
  expect(await tellsOf(limitedTo('per_minute'))).toEqual(['per_minute', ['per_minute']]);
  expect(await tellsOf(limitedTo('events'))).toEqual(['events', ['events']]);
  expect(await tellsOf(unlimitedReader)).toEqual(['per_minute', all]);

  await expect(ask(both, limitedTo('per_month'))).rejects.toMatchObject({
    code: 'read_key_limited',
    message:
      'This read key may ask per_month alone, and this question needs events. per_month: It does not keep what events measures.',
  });
  const people = { kind: 'live', from: 'sale' };
  await expect(ask(people, limitedTo('per_minute'))).rejects.toMatchObject({
    code: 'read_key_limited',
    status: 403,
    message: 'This read key may ask per_minute alone, and this question needs events.',
  });
});

it('reads the table that answers when its turn has come', async () => {
  const limited = createLimiter({ atOnceMax: 1 });
  let isThere = true;
  const ask = await answering({}, nowMs, 'some version', {
    line: limited,
    rollups: () =>
      isThere ? plan.rollups.map((rollup) => ({ rollup, completeSinceMs: null })) : [],
  });
  const both = { ...events, from: ['sale', 'refund'] };
  let end = (): void => {};
  const before = limited(() => new Promise<void>((resolve) => (end = resolve)));
  const one = ask(both);
  const limitedTo = { tables: new Set(['per_minute']) };
  const other = expect(ask(both, limitedTo)).rejects.toMatchObject({ code: 'read_key_limited' });
  await Promise.resolve();
  isThere = false;
  end();
  await Promise.all([before, other]);
  expect(JSON.parse(await one)).toMatchObject({ served_by: 'events', cached: false });
  isThere = true;
  expect(JSON.parse(await ask(both))).toMatchObject({ served_by: 'per_minute', cached: false });
});

it('fills the buckets of two periods', async () => {
  const ask = await answering();
  const range = { since: '2026-11-30T00:00:00Z', until: '2026-11-30T02:00:00Z', fill: true };
  const asked = { ...events, every: 'hour', ...range, compare: 'previous', explain: true };
  expect(JSON.parse(await ask(asked))).toMatchObject({
    columns: [{ name: 'bucket' }, { name: 'events' }, { name: 'events_previous' }],
    rows: [
      { bucket: '2026-11-30T00:00:00Z', events: '0', events_previous: '0' },
      { bucket: '2026-11-30T01:00:00Z', events: '0', events_previous: '0' },
    ],
    explanation: { rows_filled: 2 },
  });
});

it('refuses a question that takes more memory than one may', async () => {
  const ask = await answering({ max_memory_usage: 1, max_untracked_memory: 0 });
  await expect(ask({ ...events, every: 'second' })).rejects.toMatchObject({
    code: 'question_too_costly',
    status: 422,
  });
});

it('refuses a question that would read more rows than one may, before it does', async () => {
  const at = (second: number): CanonicalEvent => ({
    event_id: `e${second}`,
    type: 'ping',
    timestamp: nowMs + second * 1_000,
    received_at: nowMs,
    appended_at: nowMs,
    late: false,
    properties: {},
  });
  const ten = Array.from({ length: 10 }, (_, second) => at(second));
  const last = { from: 'ping', measures: { last: { kind: 'max', field: 'event_id' } } };
  const ask = await answering();
  await test.insert(database, ten.slice(0, 9), 'nine');
  expect(JSON.parse(await ask(last))).toMatchObject({ rows: [{ last: 'e8' }], rows_read: 9 });
  await test.insert(database, ten.slice(9), 'one');
  await expect(ask(last)).rejects.toMatchObject({
    code: 'question_too_costly',
    message:
      'This would read 10.00 rows of a table, and a question may read 9.00. Nothing was read.',
  });
});

it('does not take its own mistake for a costly question', async () => {
  const ask = await answering({ no_such_setting: 1 });
  await expect(ask(events)).rejects.toMatchObject({ name: 'StoreError' });
});

it('refuses to fill more rows than an answer may have', async () => {
  const ask = await answering();
  const range = { since: '2026-11-30T00:00:00Z', until: '2026-11-30T03:00:00Z', fill: true };
  await expect(ask({ ...events, every: 'second', ...range })).rejects.toMatchObject({
    code: 'question_invalid',
    message: expect.stringContaining('10800 buckets'),
  });
});
