import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FieldPlan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import type { FunnelQuestion } from '../../../plan/questions/funnel.ts';
import { everyKind } from '../every-kind.suite.ts';
import { type CanonicalEvent, compare, fieldOf, holds, type Scalar } from '../naive.suite.ts';
import { questionSelect } from '../question.ts';
import { openTestStore, type Row, type TestStore } from '../test-store.suite.ts';
import {
  eventsOfFew,
  fewKinds,
  groupsOf,
  isKind,
  kindField,
  quantile,
  rounded,
} from './few-people.suite.ts';

const plan = planOf(everyKind);
const database = 'funnels';
const all = eventsOfFew(23, 250);

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  await test.make(plan, database);
  await test.insert(database, all, 'all');
});
afterAll(() => test.close());

const steps = fc
  .array(
    fc.record({
      from: fc.subarray(['sale', 'refund', 'ping', 'page'], { minLength: 1, maxLength: 2 }),
      where: fc.option(fc.constantFrom(...fewKinds).map(isKind), { nil: null }),
    }),
    { minLength: 2, maxLength: 4 },
  )
  .map((list) =>
    list.map(({ from, where }, at) => {
      const before = list.slice(0, at).flatMap((one) => one.from);
      return { from, where, laterMs: from.some((type) => before.includes(type)) ? 1 : 0 } as const;
    }),
  );
const ends = fc.option(fc.integer({ min: -5, max: 45 }), { nil: null });
const asked = fc
  .record({
    steps,
    withinMs: fc.integer({ min: 1, max: 40 }),
    per: fc.constantFrom('user_id', 'anonymous_id', 'session_id'),
    by: fc.constantFrom([], [{ name: 'kind', field: kindField }]),
    levels: fc.constantFrom([0.5], [0.25, 0.9]),
    ends: fc.tuple(ends, ends).filter(([a, b]) => a === null || b === null || a < b),
  })
  .map(
    ({ ends: [since, until], ...rest }): FunnelQuestion => ({
      kind: 'funnel',
      ...rest,
      sinceMs: since,
      untilMs: until,
      rowsMax: 10_000,
      ageMsMax: 0,
      explain: false,
    }),
  );

interface Journey {
  readonly ms: readonly number[];
  readonly values: readonly (Scalar | null)[];
}

/** Every sequence of different events that the definition allows, tried one by one. */
const journeysOf = (question: FunnelQuestion, events: readonly CanonicalEvent[]): Journey[] => {
  const { steps, withinMs, sinceMs, untilMs, by } = question;
  const found: Journey[] = [];
  const goOn = (journey: readonly CanonicalEvent[]): void => {
    const [first] = journey;
    if (first)
      found.push({
        ms: journey.map(({ timestamp }) => timestamp),
        values: by.map(({ field }) => fieldOf(first, field) ?? null),
      });
    const step = steps[journey.length];
    if (!step) return;
    const earlier = steps.slice(0, journey.length).flatMap(({ from }) => from);
    const mayBeAsLate = !step.from.some((type) => earlier.includes(type));
    for (const event of events) {
      const { timestamp } = event;
      if (journey.includes(event) || !step.from.includes(event.type)) continue;
      if (step.where && !holds(step.where, event)) continue;
      const last = journey.at(-1)?.timestamp;
      if (first === undefined || last === undefined) {
        if (sinceMs !== null && timestamp < sinceMs) continue;
        if (untilMs !== null && timestamp >= untilMs) continue;
      } else {
        if (timestamp < last || (timestamp === last && !mayBeAsLate)) continue;
        if (timestamp - first.timestamp > withinMs) continue;
      }
      goOn([...journey, event]);
    }
  };
  goOn([]);
  return found;
};

/** The longest; of several the one that begins first, of those of the least values, soonest at each step. */
const theOne = ({ by }: FunnelQuestion, journeys: readonly Journey[]): Journey | undefined => {
  const compareValues = (a: Journey, b: Journey): number => {
    for (const [at, { field }] of by.entries()) {
      const order = compareAbsentLast(a.values[at] ?? null, b.values[at] ?? null, field);
      if (order !== 0) return order;
    }
    return 0;
  };
  const compareTimes = (a: Journey, b: Journey): number => {
    const at = a.ms.findIndex((ms, index) => ms !== b.ms[index]);
    return at < 0 ? 0 : (a.ms[at] ?? 0) - (b.ms[at] ?? 0);
  };
  return [...journeys].sort(
    (a, b) =>
      b.ms.length - a.ms.length ||
      (a.ms[0] ?? 0) - (b.ms[0] ?? 0) ||
      compareValues(a, b) ||
      compareTimes(a, b),
  )[0];
};

const compareAbsentLast = (a: Scalar | null, b: Scalar | null, field: FieldPlan): number =>
  a === null || b === null ? Number(a === null) - Number(b === null) : compare(a, b, field);

const naive = (question: FunnelQuestion): readonly Row[] => {
  const { steps, per, by, levels } = question;
  const people = groupsOf(
    all.filter((event) => event[per] !== undefined),
    (event) => event[per],
  );
  const farthest = [...people.values()].flatMap(
    (events) => theOne(question, journeysOf(question, events)) ?? [],
  );
  const groups = groupsOf(farthest, ({ values }) => JSON.stringify(values));
  if (by.length === 0 && groups.size === 0) groups.set('[]', []);
  const first = (group: readonly Journey[]): number => group.length;
  const ordered = [...groups.entries()].sort(
    ([a, inA], [b, inB]) =>
      first(inB) - first(inA) ||
      compareAbsentLast(JSON.parse(a)[0] ?? null, JSON.parse(b)[0] ?? null, kindField),
  );
  return ordered.flatMap(([key, journeys]) => {
    const values: readonly unknown[] = JSON.parse(key);
    const at = (step: number): readonly Journey[] => journeys.filter(({ ms }) => ms.length > step);
    const share = (step: number, of: number): number | null =>
      at(of).length === 0 ? null : at(step).length / at(of).length;
    return steps.map(({ from }, step) => ({
      ...Object.fromEntries(by.map(({ name }, index) => [name, values[index]])),
      step: step + 1,
      event: from.join(' or '),
      people: String(at(step).length),
      conversion: share(step, 0),
      step_conversion: share(step, Math.max(0, step - 1)),
      duration_ms: levels.map((level) =>
        quantile(
          at(step).map(({ ms }) => (ms[step] ?? 0) - (ms[0] ?? 0)),
          level,
        ),
      ),
    }));
  });
};

const ask = (question: FunnelQuestion): Promise<readonly Row[]> =>
  test.rows(questionSelect(question, { kind: 'events' }, { database }));

describe('a funnel', () => {
  it('counts those whom trying every sequence of events finds', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        expect(rounded(await ask(question))).toEqual(rounded(naive(question)));
      }),
      { numRuns: 80 },
    );
  });

  it('gives one row more than its limit', async () => {
    const [question] = fc.sample(asked, { numRuns: 1, seed: 1 });
    if (!question) throw new Error('no question');
    expect(await ask({ ...question, rowsMax: 1 })).toHaveLength(2);
  });
});
