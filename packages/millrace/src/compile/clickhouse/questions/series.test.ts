import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DimensionPlan, MeasurePlan, RollupPlan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import type { SeriesQuestion } from '../../../plan/questions/series.ts';
import { type Choice, chooseServing, type Serving } from '../../../plan/serving.ts';
import { widths } from '../../../plan/widths.ts';
import { everyKind } from '../every-kind.suite.ts';
import { canonical, expectMeasure } from '../expect-measure.suite.ts';
import {
  type CanonicalEvent,
  compare,
  exactSum,
  fieldOf,
  holds,
  type Scalar,
  valuesOf,
} from '../naive.suite.ts';
import { questionSelect } from '../question.ts';
import { conditionsOver } from '../random-conditions.suite.ts';
import { events } from '../random-events.suite.ts';
import { openTestStore, type Row, type TestStore } from '../test-store.suite.ts';
import { bucketsSelect } from './asked-range.ts';
import { localBucket } from './naive-local-bucket.suite.ts';

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

const wholeDays = fc
  .tuple(fc.constantFrom(...days), fc.constantFrom(...days))
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => [Date.parse(a), Date.parse(b)])
  .map((both) => ({ sinceMs: Math.min(...both), untilMs: Math.max(...both) }))
  // The period before is within the years that there are.
  .filter(({ sinceMs, untilMs }) => 2 * sinceMs - untilMs > Date.UTC(1900, 0));

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

/** Those whose order nobody could doubt. */
const isRankable = (measure: MeasurePlan): boolean =>
  measure.kind === 'count' ||
  measure.kind === 'uniq' ||
  (measure.kind === 'sum' && measure.field.type.kind !== 'float64') ||
  ((measure.kind === 'min' || measure.kind === 'max') && measure.field.type.kind !== 'float64');

const asked = questions.map(
  ({ range, ...rest }): SeriesQuestion => ({
    kind: 'series',
    ...rest,
    ...range,
    previousByMs: null,
    sample: null,
    groupsMax: null,
    order: [],
    rowsMax: 10_000,
    fill: false,
    ageMsMax: 0,
    explain: false,
  }),
);

/** Compared with the period before, or with all groups but a few in one row, or both. */
const foldedAsked = fc
  .tuple(
    asked,
    wholeDays,
    fc.record({
      compared: fc.boolean(),
      groupsMax: fc.integer({ min: 1, max: 4 }),
      measure: fc.nat(),
      descending: fc.boolean(),
      ofPrevious: fc.boolean(),
    }),
  )
  .map(([question, range, { compared, groupsMax, measure, descending, ofPrevious }]) => {
    const rankable = question.measures.filter(isRankable);
    const by = rankable[measure % Math.max(1, rankable.length)];
    const isRanked = question.by.length > 0 && by !== undefined;
    const isCompared = compared || !isRanked;
    const column = `${by?.name}${isCompared && ofPrevious ? '_previous' : ''}`;
    return {
      ...question,
      ...(isCompared ? { ...range, previousByMs: range.untilMs - range.sinceMs } : {}),
      ...(isRanked ? { groupsMax, order: [{ column, descending }] } : {}),
    };
  });

interface Folded {
  readonly current: CanonicalEvent[];
  readonly previous: CanonicalEvent[];
}

const naive = (question: SeriesQuestion): ReadonlyMap<string, Folded> => {
  const { from, where, sinceMs, untilMs, every, zone, by, previousByMs, groupsMax } = question;
  const found = all.flatMap((event) => {
    if (!from.includes(event.type) || (where && !holds(where, event))) return [];
    const isPrevious = previousByMs !== null && sinceMs !== null && event.timestamp < sinceMs;
    const timestamp = event.timestamp + (isPrevious ? previousByMs : 0);
    if (sinceMs !== null && timestamp < sinceMs) return [];
    if (untilMs !== null && timestamp >= untilMs) return [];
    const bucket = every === null ? [] : [localBucket(timestamp, every, zone)];
    return [{ event, isPrevious, bucket, group: groupOf(event, by) }];
  });
  const own =
    groupsMax === null
      ? null
      : new Set(ranking(question, found).slice(0, groupsMax).map(keyOfGroup));
  const rows = new Map<string, Folded>();
  if (every === null && by.length === 0) rows.set('[]', { current: [], previous: [] });
  for (const { event, isPrevious, bucket, group } of found) {
    const isOther = own !== null && !own.has(keyOfGroup(group));
    const key = keyOfGroup([
      ...bucket,
      ...(own === null ? [] : [isOther]),
      ...(isOther ? by.map(() => null) : group),
    ]);
    const row = rows.get(key) ?? { current: [], previous: [] };
    (isPrevious ? row.previous : row.current).push(event);
    rows.set(key, row);
  }
  return rows;
};

type Group = readonly (Scalar | null)[];
const groupOf = (event: CanonicalEvent, by: readonly DimensionPlan[]): Group =>
  by.map(({ field }) => fieldOf(event, field) ?? null);
const keyOfGroup = (group: Group): string => JSON.stringify(group);

/** All groups in the order of their totals, then of their values; what is absent comes last. */
const ranking = (
  { order, measures, by }: SeriesQuestion,
  found: readonly {
    readonly event: CanonicalEvent;
    readonly isPrevious: boolean;
    readonly group: Group;
  }[],
): readonly Group[] => {
  const groups = new Map(found.map(({ group }) => [keyOfGroup(group), group]));
  const [first] = order;
  const measure = measures.find(({ name }) => first?.column.replace('_previous', '') === name);
  if (!first || !measure) throw new Error('no order');
  const ofPrevious = first.column.endsWith('_previous');
  const totalOf = (group: Group): Scalar | bigint | null => {
    const of = found
      .filter((one) => one.isPrevious === ofPrevious && keyOfGroup(one.group) === keyOfGroup(group))
      .map(({ event }) => event);
    if (measure.kind === 'count') return of.length;
    const values = valuesOf(of, measure.field);
    if (measure.kind === 'uniq') return new Set(values).size;
    if (measure.kind === 'sum') return exactSum(values);
    return values.at(measure.kind === 'min' ? 0 : -1) ?? null;
  };
  const compareTotals = (a: Group, b: Group): number => {
    const [x, y] = [totalOf(a), totalOf(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const sign = first.descending ? -1 : 1;
    const isField = measure.kind === 'min' || measure.kind === 'max';
    if (isField && typeof x !== 'bigint' && typeof y !== 'bigint')
      return sign * compare(x, y, measure.field);
    return x === y ? 0 : x < y ? -sign : sign;
  };
  const compareValues = (a: Group, b: Group): number => {
    for (const [at, { field }] of by.entries()) {
      const [x, y] = [a[at] ?? null, b[at] ?? null];
      const order =
        x === null || y === null ? Number(x === null) - Number(y === null) : compare(x, y, field);
      if (order !== 0) return order;
    }
    return 0;
  };
  return [...groups.values()].sort((a, b) => compareTotals(a, b) || compareValues(a, b));
};

const ask = (question: SeriesQuestion, serving: Serving): Promise<readonly Row[]> =>
  test.rows(questionSelect(question, serving, { database }));

const choose = (question: SeriesQuestion): Choice => chooseServing(question, plan, nowMs);

const expectAnswer = (question: SeriesQuestion, rows: readonly Row[]): void => {
  const expected = naive(question);
  const found = new Map(
    rows.map((row) => [
      JSON.stringify([
        ...(question.every === null ? [] : [Date.parse(String(row.bucket))]),
        ...(question.groupsMax === null ? [] : [row.other]),
        ...question.by.map(({ name, field }) => canonical(row[name], field)),
      ]),
      row,
    ]),
  );
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  expect(rows.length).toBe(expected.size);
  for (const [key, { current, previous }] of expected)
    for (const measure of question.measures) {
      expectMeasure(found.get(key)?.[measure.name], measure, current);
      if (question.previousByMs !== null)
        expectMeasure(found.get(key)?.[`${measure.name}_previous`], measure, previous);
    }
};

describe('a question', () => {
  it('has the same answer, whichever table serves it, as a recomputation', async () => {
    const served = { events: 0, rollup: 0 };
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        const { serving } = choose(question);
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

  it('folds groups and periods into what they are of the events themselves', async () => {
    let ofRollups = 0;
    await fc.assert(
      fc.asyncProperty(foldedAsked, async (question) => {
        const { serving } = choose(question);
        if (serving.kind === 'rollup') ofRollups += 1;
        expectAnswer(question, await ask(question, { kind: 'events' }));
        if (serving.kind === 'rollup') expectAnswer(question, await ask(question, serving));
      }),
      { numRuns: 60 },
    );
    expect(ofRollups).toBeGreaterThan(0);
  });

  it('has no least and no greatest of no events', async () => {
    const rollup = plan.rollups.find(({ name }) => name === 'per_hour');
    const question: SeriesQuestion = {
      kind: 'series',
      from: ['ping'],
      where: null,
      sinceMs: Date.UTC(1999, 0, 1),
      untilMs: Date.UTC(1999, 0, 2),
      every: null,
      zone: 'UTC',
      by: [],
      measures: rollup?.measures.filter(({ name }) => name === 'first' || name === 'last') ?? [],
      order: [],
      groupsMax: null,
      previousByMs: null,
      sample: null,
      rowsMax: 10,
      fill: false,
      ageMsMax: 0,
      explain: false,
    };
    expect(await ask(question, { kind: 'events' })).toEqual([{ first: null, last: null }]);
  });

  it('orders by what is asked, then by its keys, and gives one row more than its limit', async () => {
    const rollup = plan.rollups.find(({ name }) => name === 'per_minute');
    if (!rollup) throw new Error('no per_minute');
    const question: SeriesQuestion = {
      kind: 'series',
      groupsMax: null,
      previousByMs: null,
      sample: null,
      explain: false,
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
    expect(await ask(question, choose(question).serving)).toEqual(rows);
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
  const question: SeriesQuestion = {
    kind: 'series',
    groupsMax: null,
    previousByMs: null,
    sample: null,
    explain: false,
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
  const servedBy = (change: Partial<SeriesQuestion>): string => {
    const { serving } = choose({ ...question, ...change });
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
