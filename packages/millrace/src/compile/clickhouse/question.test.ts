import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Every, RollupPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import type { Question } from '../../plan/question.ts';
import { type Serving, servingOf } from '../../plan/serving.ts';
import { offsetsOf } from '../../plan/time-zone.ts';
import { widths } from '../../plan/widths.ts';
import { everyKind } from './every-kind.suite.ts';
import { canonical, expectMeasure } from './expect-measure.suite.ts';
import { bucketOf, type CanonicalEvent, fieldOf, holds } from './naive.suite.ts';
import { bucketsSelect, questionSelect } from './question.ts';
import { conditionsOver } from './random-conditions.suite.ts';
import { events } from './random-events.suite.ts';
import { openTestStore, type Row, type TestStore } from './test-store.suite.ts';

const plan = planOf(everyKind);
const database = 'asked';
const nowMs = Date.UTC(2026, 10, 30);
const all = fc
  .sample(events, { numRuns: 12, seed: 17 })
  .flatMap((list, i) => list.map((event) => ({ ...event, event_id: `${i}${event.event_id}` })));

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  await test.make(plan, database);
  await test.insert(database, all, 'all');
});
afterAll(() => test.close());

const zones = [
  'UTC',
  'Europe/London',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
] as const;

const days = ['1950-05-17', '1969-12-31', '2024-02-29', '2026-11-30', '2026-12-01', '2155-01-03'];
const ends = fc.oneof(
  fc.constantFrom(...days).map((day) => Date.parse(day)),
  fc.constantFrom(Date.UTC(2026, 10, 1), Date.UTC(2027, 0, 1), Date.UTC(2024, 0, 1)),
  fc
    .constantFrom(...days)
    .chain((day) =>
      fc.integer({ min: 0, max: 47 }).map((half) => Date.parse(day) + half * 1_800_000),
    ),
);
const ranges = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ sinceMs: null, untilMs: null }) },
  ends.map((sinceMs) => ({ sinceMs, untilMs: null })),
  fc
    .tuple(ends, ends)
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => ({ sinceMs: Math.min(a, b), untilMs: Math.max(a, b) })),
);

/** About what one rollup keeps, and a little else. */
const questions = fc.constantFrom(...plan.rollups).chain((rollup) => {
  const dimensions = rollup.by.map(({ field }) => field);
  const left =
    dimensions.length === 0
      ? fc.constant(null)
      : fc.option(conditionsOver(dimensions), { nil: null });
  return fc.record({
    from: fc.oneof(
      { weight: 4, arbitrary: fc.constant(rollup.from) },
      { weight: 1, arbitrary: fc.subarray([...rollup.from], { minLength: 1 }) },
    ),
    where: left.map((condition) =>
      rollup.where && condition
        ? { kind: 'and' as const, conditions: [rollup.where, condition] }
        : (rollup.where ?? condition),
    ),
    range: ranges,
    every: fc.option(fc.constantFrom(...widths), { nil: null }),
    zone: fc.oneof(fc.constant('UTC'), fc.constantFrom(...zones)),
    by: fc.oneof(
      { weight: 4, arbitrary: fc.subarray([...rollup.by]) },
      { weight: 1, arbitrary: fc.constant([...(plan.rollups[0]?.by ?? [])]) },
    ),
    measures: fc.subarray([...rollup.measures], { minLength: 1 }),
  });
});
const asked = questions.map(
  ({ range, ...rest }): Question => ({
    ...rest,
    ...range,
    order: [],
    rowsMax: 10_000,
    fill: false,
    ageMsMax: 0,
  }),
);

/** The start of the bucket by the wall clock and calendar of a zone. */
const localBucket = (timestamp: number, every: Every, zone: string): number => {
  const offsetAt = offsetsOf(zone);
  const offset = offsetAt(timestamp);
  const wall = bucketOf(timestamp + offset, every);
  if (every === 'second' || every === 'minute' || every === 'hour') return wall - offset;
  // The first instant at which the wall says that day.
  let first = wall - offsetAt(wall - 86_400_000);
  const other = wall - offsetAt(wall + 86_400_000);
  for (const one of [first, other].sort((a, b) => a - b)) {
    first = one;
    if (one + offsetAt(one) >= wall) break;
  }
  return first;
};

const naive = (question: Question): ReadonlyMap<string, readonly CanonicalEvent[]> => {
  const { from, where, sinceMs, untilMs, every, zone, by } = question;
  const groups = new Map<string, CanonicalEvent[]>();
  if (every === null && by.length === 0) groups.set('[]', []);
  for (const event of all) {
    if (!from.includes(event.type)) continue;
    if (sinceMs !== null && event.timestamp < sinceMs) continue;
    if (untilMs !== null && event.timestamp >= untilMs) continue;
    if (where && !holds(where, event)) continue;
    const key = JSON.stringify([
      ...(every === null ? [] : [localBucket(event.timestamp, every, zone)]),
      ...by.map(({ field }) => fieldOf(event, field) ?? null),
    ]);
    const group = groups.get(key) ?? [];
    group.push(event);
    groups.set(key, group);
  }
  return groups;
};

const ask = (question: Question, serving: Serving): Promise<readonly Row[]> =>
  test.rows(questionSelect(question, serving, { database }));

const expectAnswer = (question: Question, rows: readonly Row[]): void => {
  const expected = naive(question);
  const found = new Map(
    rows.map((row) => [
      JSON.stringify([
        ...(question.every === null ? [] : [Date.parse(String(row.bucket))]),
        ...question.by.map(({ name, field }) => canonical(row[name], field)),
      ]),
      row,
    ]),
  );
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  expect(rows.length).toBe(expected.size);
  for (const [key, of] of expected)
    for (const measure of question.measures)
      expectMeasure(found.get(key)?.[measure.name], measure, of);
};

describe('a question', () => {
  it('has the same answer, whichever table serves it, as a recomputation', async () => {
    const served = { events: 0, rollup: 0 };
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        const serving = servingOf(question, plan, nowMs);
        served[serving.kind] += 1;
        expectAnswer(question, await ask(question, { kind: 'events' }));
        if (serving.kind === 'rollup') expectAnswer(question, await ask(question, serving));
      }),
      { numRuns: 200 },
    );
    // Else it would prove nothing.
    expect(served.rollup).toBeGreaterThan(30);
    expect(served.events).toBeGreaterThan(10);
  });

  it('orders by what is asked, then by its keys, and gives one row more than its limit', async () => {
    const rollup = plan.rollups.find(({ name }) => name === 'per_minute');
    if (!rollup) throw new Error('no per_minute');
    const question: Question = {
      from: rollup.from,
      where: null,
      sinceMs: null,
      untilMs: null,
      every: null,
      zone: 'UTC',
      by: rollup.by,
      measures: rollup.measures.filter(({ name }) => name !== 'ratio'),
      order: [{ column: 'n', descending: true }],
      rowsMax: 2,
      fill: false,
      ageMsMax: 0,
    };
    const rows = await ask(question, { kind: 'events' });
    expect(rows).toHaveLength(3);
    const counts = rows.map(({ n }) => Number(n));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(await ask(question, servingOf(question, plan, nowMs))).toEqual(rows);
  });

  it.each([
    // The clocks go forward on 29 March and back on 25 October 2026.
    {
      zone: 'Europe/Berlin',
      every: 'hour',
      since: '2026-10-25T00:00:00+02:00',
      hours: 25,
      rows: 25,
    },
    {
      zone: 'Europe/Berlin',
      every: 'hour',
      since: '2026-03-29T00:00:00+01:00',
      hours: 23,
      rows: 23,
    },
    { zone: 'Europe/Berlin', every: 'day', since: '2026-10-24T00:00:00+02:00', hours: 73, rows: 3 },
    {
      zone: 'America/New_York',
      every: 'month',
      since: '2026-01-01T00:00:00-05:00',
      hours: 8_760,
      rows: 12,
    },
    { zone: 'UTC', every: 'week', since: '2026-11-30T00:00:00Z', hours: 24 * 7 * 5, rows: 5 },
    {
      zone: 'Asia/Kolkata',
      every: 'minute',
      since: '2026-01-01T00:00:00+05:30',
      hours: 1,
      rows: 60,
    },
  ] as const)(
    'knows the $every buckets of $zone from $since',
    async ({ zone, every, since, hours, rows }) => {
      const sinceMs = Date.parse(since);
      const found = await test.rows(
        bucketsSelect(every, { sinceMs, untilMs: sinceMs + hours * 3_600_000, zone }),
      );
      expect(found).toHaveLength(rows);
      expect(Date.parse(String(found[0]?.bucket))).toBe(sinceMs);
      for (const { bucket } of found) {
        const ms = Date.parse(String(bucket));
        expect(localBucket(ms, every, zone)).toBe(ms);
      }
    },
  );
});

describe('the table that serves a question', () => {
  const rollupOf = (name: string): RollupPlan => {
    const found = plan.rollups.find((one) => one.name === name);
    if (!found) throw new Error(`no rollup ${name}`);
    return found;
  };
  const perMinute = rollupOf('per_minute');
  const question: Question = {
    from: perMinute.from,
    where: null,
    sinceMs: Date.UTC(2026, 10, 30),
    untilMs: Date.UTC(2026, 11, 1),
    every: 'hour',
    zone: 'UTC',
    by: [],
    measures: [{ name: 'orders', kind: 'count' }],
    order: [],
    rowsMax: 10,
    fill: false,
    ageMsMax: 0,
  };
  const servedBy = (change: Partial<Question>): string => {
    const serving = servingOf({ ...question, ...change }, plan, nowMs);
    return serving.kind === 'rollup' ? serving.rollup.name : 'events';
  };

  it('is the coarsest that gives the same answer', () => {
    expect(servedBy({})).toBe('per_minute');
    expect(servedBy({ every: 'second' })).toBe('events');
    expect(servedBy({ sinceMs: Date.UTC(2026, 10, 30) + 1 })).toBe('events');
    // Half an hour is whole minutes, but no whole hour.
    expect(servedBy({ zone: 'Asia/Kolkata' })).toBe('per_minute');
    expect(servedBy({ zone: 'Asia/Kolkata', sinceMs: null })).toBe('events');
    expect(servedBy({ from: ['sale'] })).toBe('per_second');
    expect(servedBy({ from: ['refund'] })).toBe('events');
  });

  it('is no rollup that counts fewer events, or keeps too few', () => {
    const some = rollupOf('some');
    const one = { from: some.from, every: 'day', measures: some.measures } as const;
    expect(servedBy({ ...one, where: some.where })).toBe('some');
    expect(servedBy(one)).toBe('events');
    expect(servedBy({ ...one, where: some.where, sinceMs: null })).toBe('events');
  });
});
