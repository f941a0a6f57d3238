import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DimensionPlan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import type { Question } from '../../../plan/question.ts';
import type { EventsAsked } from '../../../plan/questions/events-asked.ts';
import type { LiveQuestion } from '../../../plan/questions/live.ts';
import type { RetentionQuestion } from '../../../plan/questions/retention.ts';
import type { SessionsQuestion } from '../../../plan/questions/sessions.ts';
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
import { localBucket } from './naive-local-bucket.suite.ts';

const plan = planOf(everyKind);
const database = 'people';
const hourMs = 3_600_000;
/** Clocks are put forward on the 29th. */
const firstMs = Date.UTC(2026, 2, 20);
// So few instants that one of a person is often that of several events.
const all = eventsOfFew(5, 400, { instants: 40, stepMs: 21 * hourMs, firstMs });

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  await test.make(plan, database);
  await test.insert(database, all, 'all');
});
afterAll(() => test.close());

const ask = (question: Question): Promise<readonly Row[]> =>
  test.rows(questionSelect(question, { kind: 'events' }, { database }));

const eventsAsked = fc.record({
  from: fc.option(fc.subarray(['sale', 'refund', 'ping', 'page'], { minLength: 1 }), { nil: null }),
  where: fc.option(fc.constantFrom(...fewKinds).map(isKind), { nil: null }),
});
const instants = fc.integer({ min: -10, max: 130 }).map((at) => firstMs + at * 7 * hourMs);
const ranges = fc
  .tuple(fc.option(instants, { nil: null }), fc.option(instants, { nil: null }))
  .filter(([since, until]) => since === null || until === null || since < until)
  .map(([sinceMs, untilMs]) => ({ sinceMs, untilMs }));
const per = fc.constantFrom('user_id' as const, 'anonymous_id' as const, 'session_id' as const);
const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York');
const common = { rowsMax: 10_000, ageMsMax: 0, explain: false };

const fits = ({ from, where }: EventsAsked, event: CanonicalEvent): boolean =>
  (from === null || from.includes(event.type)) && (where === null || holds(where, event));

const isBefore = (untilMs: number | null, { timestamp }: CanonicalEvent): boolean =>
  untilMs === null || timestamp < untilMs;

const people = (
  of: readonly CanonicalEvent[],
  field: 'user_id' | 'anonymous_id' | 'session_id',
): readonly (readonly CanonicalEvent[])[] => {
  const known = of.filter((event) => event[field] !== undefined);
  return [...groupsOf(known, (event) => event[field]).values()];
};

describe('retention', () => {
  const asked = fc
    .record({
      first: eventsAsked,
      back: eventsAsked,
      every: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
      zone,
      periods: fc.integer({ min: 1, max: 12 }),
      per,
      range: ranges,
    })
    .map(
      ({ range, ...rest }): RetentionQuestion => ({
        kind: 'retention',
        ...common,
        ...rest,
        ...range,
      }),
    );

  const naive = (question: RetentionQuestion): readonly Row[] => {
    const { first, back, every, sinceMs, untilMs, periods } = question;
    const bucket = (ms: number): number => localBucket(ms, every, question.zone);
    /** The next bucket begins a little later than the longest one is long, cut again. */
    const next = (start: number): number =>
      bucket(start + { day: 30, week: 8 * 24, month: 32 * 24 }[every] * hourMs);
    const read = all.filter(
      (event) => isBefore(untilMs, event) && (fits(first, event) || fits(back, event)),
    );
    const ofSomebody = people(read, question.per);
    const newest = Math.max(...ofSomebody.flat().map(({ timestamp }) => timestamp));
    const members = ofSomebody.flatMap((events) => {
      const begins = events.filter((event) => fits(first, event)).map((event) => event.timestamp);
      const start = Math.min(...begins);
      if (begins.length === 0 || (sinceMs !== null && start < sinceMs)) return [];
      const returns = events
        .filter((event) => fits(back, event) && event.timestamp > start)
        .map(({ timestamp }) => bucket(timestamp));
      return [{ cohort: bucket(start), returns }];
    });
    const cohorts = [...groupsOf(members, ({ cohort }) => cohort)].sort(([a], [b]) => a - b);
    return cohorts.flatMap(([cohort, of]) => {
      const rows: Row[] = [];
      let at = cohort;
      for (let period = 0; period <= periods && at <= newest; period += 1) {
        const returned = of.filter(({ returns }) => returns.includes(at)).length;
        rows.push({
          cohort,
          people: String(of.length),
          period,
          returned: String(returned),
          share: returned / of.length,
        });
        at = next(at);
      }
      return rows;
    });
  };

  it('counts those who came back, as a recomputation does', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        const rows = await ask(question);
        const found = rows.map((row) => ({ ...row, cohort: Date.parse(String(row.cohort)) }));
        expect(rounded(found)).toEqual(rounded(naive(question)));
      }),
      { numRuns: 40 },
    );
  });
});

describe('sessions', () => {
  const string = { kind: 'string' } as const;
  const fields = [
    { name: 'kind', field: kindField },
    { name: 'type', field: { source: 'envelope', name: 'type', type: string } },
    { name: 'anonymous_id', field: { source: 'envelope', name: 'anonymous_id', type: string } },
  ] as const satisfies readonly DimensionPlan[];
  const endFields = (end: 'entry' | 'exit') =>
    fc
      .shuffledSubarray([...fields], { maxLength: 2 })
      .map((of) => of.map(({ name, field }): DimensionPlan => ({ name: `${end}_${name}`, field })));
  const asked = fc
    .record({
      of: eventsAsked,
      gapMs: fc.integer({ min: 1, max: 20 }).map((at) => at * 7 * hourMs),
      per,
      every: fc.option(fc.constantFrom('day' as const, 'week' as const), { nil: null }),
      zone,
      entry: endFields('entry'),
      exit: endFields('exit'),
      levels: fc.constantFrom([0.5], [0.1, 0.75]),
      range: ranges,
    })
    .map(
      ({ range, ...rest }): SessionsQuestion => ({
        kind: 'sessions',
        ...common,
        ...rest,
        ...range,
      }),
    );

  const sessionsOf = (
    { gapMs }: SessionsQuestion,
    events: readonly CanonicalEvent[],
  ): readonly (readonly CanonicalEvent[])[] => {
    const sessions: CanonicalEvent[][] = [];
    for (const event of [...events].sort((a, b) => a.timestamp - b.timestamp)) {
      const last = sessions.at(-1);
      const before = last?.at(-1);
      if (last && before && event.timestamp - before.timestamp < gapMs) last.push(event);
      else sessions.push([event]);
    }
    return sessions;
  };

  type Values = readonly (Scalar | null)[];

  /** @param absent 1: what is absent comes last; -1: first. */
  const compareValues = (
    a: Values,
    b: Values,
    of: readonly DimensionPlan[],
    absent: 1 | -1,
  ): number =>
    of.reduce((order, { field }, at) => {
      const [x = null, y = null] = [a[at], b[at]];
      if (order !== 0) return order;
      return x === null || y === null
        ? absent * (Number(x === null) - Number(y === null))
        : compare(x, y, field);
    }, 0);

  /** The values of all events of one instant, from the least to the greatest. */
  const valuesAt = (
    session: readonly CanonicalEvent[],
    ms: number,
    of: readonly DimensionPlan[],
    absent: 1 | -1,
  ): readonly Values[] =>
    session
      .filter(({ timestamp }) => timestamp === ms)
      .map((event) => of.map(({ field }) => fieldOf(event, field) ?? null))
      .sort((a, b) => compareValues(a, b, of, absent));

  const named = (of: readonly DimensionPlan[], values: Values = []) =>
    Object.fromEntries(of.map(({ name }, at) => [name, values[at] ?? null]));

  const naive = (question: SessionsQuestion): readonly Row[] => {
    const { of, sinceMs, untilMs, every, entry, exit, levels } = question;
    const ends = [...entry, ...exit];
    const valuesOf = (group: Record<string, Scalar | null>): Values =>
      ends.map(({ name }) => group[name] ?? null);
    const read = all.filter((event) => fits(of, event) && isBefore(untilMs, event));
    const sessions = people(read, question.per).flatMap((events) =>
      sessionsOf(question, events).flatMap((session) => {
        const times = session.map(({ timestamp }) => timestamp);
        const [start, end] = [Math.min(...times), Math.max(...times)];
        if (sinceMs !== null && start < sinceMs) return [];
        const group = {
          ...(every === null ? {} : { bucket: localBucket(start, every, question.zone) }),
          ...named(entry, valuesAt(session, start, entry, 1)[0]),
          ...named(exit, valuesAt(session, end, exit, -1).at(-1)),
        };
        const person = session[0]?.[question.per];
        return [{ group, person, events: session.length, length: end - start }];
      }),
    );
    const groups = groupsOf(sessions, ({ group }) => JSON.stringify(group));
    if (every === null && entry.length + exit.length === 0 && sessions.length === 0)
      groups.set('{}', []);
    const rows = [...groups].map(
      ([key, of]): { group: Record<string, Scalar | null>; of: typeof of } => ({
        group: JSON.parse(key),
        of,
      }),
    );
    const ordered = rows.sort(
      (a, b) =>
        Number(a.group.bucket ?? 0) - Number(b.group.bucket ?? 0) ||
        b.of.length - a.of.length ||
        compareValues(valuesOf(a.group), valuesOf(b.group), ends, 1),
    );
    return ordered.map(({ group, of }) => {
      const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      const mean = (values: readonly number[]): number | null =>
        values.length === 0 ? null : total(values) / values.length;
      const counts = of.map(({ events }) => events);
      const lengths = of.map(({ length }) => length);
      return {
        ...group,
        sessions: String(of.length),
        people: String(new Set(of.map(({ person }) => person)).size),
        events: String(total(counts)),
        events_per_session: mean(counts),
        bounce_rate: mean(counts.map((count) => (count === 1 ? 1 : 0))),
        mean_duration_ms: mean(lengths),
        duration_ms: levels.map((level) => quantile(lengths, level)),
      };
    });
  };

  it('are those of a recomputation', async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        const rows = await ask(question);
        const found = rows.map((row) =>
          question.every === null ? row : { ...row, bucket: Date.parse(String(row.bucket)) },
        );
        expect(rounded(found)).toEqual(rounded(naive(question)));
      }),
      { numRuns: 80 },
    );
  });
});

describe('what happens now', () => {
  const minuteMs = 60_000;
  const now = eventsOfFew(9, 300, { instants: 100, stepMs: 11_000, firstMs });
  const asked = fc
    .record({ of: eventsAsked, per, minutes: fc.integer({ min: 1, max: 25 }), from: fc.nat(10) })
    .map(({ from, minutes, ...rest }): LiveQuestion => {
      const sinceMs = firstMs + from * minuteMs;
      const untilMs = sinceMs + minutes * minuteMs;
      return { kind: 'live', ...common, ...rest, minutes, sinceMs, untilMs };
    });

  const naive = ({ of, per, sinceMs, minutes }: LiveQuestion): readonly Row[] => {
    const row = (bucket: string | null, from: number, to: number): Row => {
      const events = now.filter(
        (event) => fits(of, event) && event.timestamp >= from && event.timestamp < to,
      );
      const people = new Set(events.flatMap((event) => event[per] ?? [])).size;
      return { bucket, events: String(events.length), people: String(people) };
    };
    const starts = Array.from({ length: minutes }, (_, at) => sinceMs + at * minuteMs);
    return [
      row(null, sinceMs, sinceMs + minutes * minuteMs),
      ...starts.map((start) => row(new Date(start).toISOString(), start, start + minuteMs)),
    ];
  };

  it('is counted for each minute and for all', async () => {
    await test.make(plan, 'now');
    await test.insert('now', now, 'now');
    await fc.assert(
      fc.asyncProperty(asked, async (question) => {
        const sql = questionSelect(question, { kind: 'events' }, { database: 'now' });
        expect(await test.rows(sql)).toEqual(naive(question));
      }),
      { numRuns: 40 },
    );
  });
});
