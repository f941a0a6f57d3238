import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../../../../tests/support/random.ts';
import {
  avg,
  count,
  decimal,
  definePipeline,
  event,
  float64,
  optional,
  quantiles,
  sum,
} from '../../../index.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { samplingOf } from '../../../plan/questions/sampling.ts';
import { readQuestion } from '../../../plan/read-question.ts';
import type { CanonicalEvent } from '../naive.suite.ts';
import { questionSelect } from '../question.ts';
import { openTestStore, type Row, type TestStore } from '../test-store.suite.ts';

const database = 'sampled';
const plan = planOf(
  definePipeline({
    name: 'sampled',
    events: { sale: event({ money: decimal(18, 2), ms: optional(float64()) }) },
  }),
);
const sinceMs = Date.UTC(2026, 10, 1);
const dayMs = 86_400_000;
const streamsCount = 150;

/** Somebody's day: busier at one time than at another, and now and then a greater value. */
const streamOf = (random: Random, name: string): readonly CanonicalEvent[] => {
  const events = random.between(600, 1_200);
  const [busy, least] = [random.next(), 0.2 + 0.8 * random.next()];
  const times: number[] = [];
  while (times.length < events) {
    const time = random.next();
    const rate = least + ((1 - least) * (1 + Math.cos(2 * Math.PI * (time - busy)))) / 2;
    if (random.chance(rate)) times.push(sinceMs + Math.floor(time * dayMs));
  }
  return times.map((timestamp, index) => ({
    event_id: `${name}-${index}`,
    type: 'sale',
    timestamp,
    received_at: timestamp,
    appended_at: timestamp,
    late: false,
    user_id: name,
    properties: {
      money: (Math.exp(2 * random.next()) * (random.chance(0.05) ? 4 : 1)).toFixed(2),
      ...(random.chance(0.9) ? { ms: 1 + 500 * random.next() ** 2 } : {}),
    },
  }));
};

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
  await test.make(plan, database);
  const random = new Random(29);
  const streams = Array.from({ length: streamsCount }, (_, at) => streamOf(random, `user${at}`));
  await test.insert(database, streams.flat(), 'all');
});
afterAll(() => test.close());

const measures = {
  events: count(),
  revenue: sum('money'),
  mean: avg('money'),
  middle: quantiles('ms', [0.5]),
};

const ask = (oneIn: number | null, document: object): Promise<readonly Row[]> => {
  const question = readQuestion(
    { from: 'sale', measures, sample: 'auto', since: sinceMs, until: sinceMs + dayMs, ...document },
    plan,
    { knowsZone: () => true, nowMs: sinceMs },
  );
  if (question.kind !== 'series') throw new Error('no series');
  const sampling = oneIn === null ? null : samplingOf(question, oneIn);
  if (oneIn !== null && sampling === null) throw new Error('no sampling');
  const serving = { kind: 'events', ...(sampling ? { sampling } : {}) } as const;
  return test.rows(questionSelect(question, serving, { database }));
};

const numberOf = (value: unknown): number => Number(Array.isArray(value) ? value[0] : value);

interface Outcome {
  /** Of the rows that have an interval, the share whose interval holds the true value. */
  readonly held: number;
  readonly rows: number;
  /** How much greater the estimates are than the truth, on average, of 1. */
  readonly excess: number;
}

const outcomeOf = (
  measure: string,
  estimates: readonly Row[],
  truths: readonly Row[],
  keys: readonly string[],
): Outcome => {
  const keyOf = (row: Row): string => JSON.stringify(keys.map((key) => row[key]));
  const truth = new Map(truths.map((row) => [keyOf(row), numberOf(row[measure])]));
  const known = estimates.flatMap((row) => {
    const [low, high] = [row[`${measure}_low`], row[`${measure}_high`]].map((bound) =>
      Array.isArray(bound) ? bound[0] : bound,
    );
    const true_ = truth.get(keyOf(row));
    if (low === null || high === null || true_ === undefined) return [];
    return [
      {
        held: Number(low) <= true_ && true_ <= Number(high),
        excess: numberOf(row[measure]) / true_ - 1,
      },
    ];
  });
  return {
    held: known.filter(({ held }) => held).length / known.length,
    rows: known.length,
    excess: known.reduce((total, { excess }) => total + excess, 0) / known.length,
  };
};

describe('a sample', () => {
  it.each([2, 10])('of one in %d holds the truth about as often as it says', async (oneIn) => {
    const by = { by: ['user_id'] };
    const [estimates, truths] = [await ask(oneIn, by), await ask(null, by)];
    expect(estimates).toHaveLength(streamsCount);
    for (const measure of Object.keys(measures)) {
      const { held, rows, excess } = outcomeOf(measure, estimates, truths, ['user_id']);
      expect(rows).toBe(streamsCount);
      expect(held).toBeGreaterThan(0.89);
      expect(held).toBeLessThan(0.995);
      expect(Math.abs(excess)).toBeLessThan(0.03);
    }
  });

  it('has an interval for each bucket', async () => {
    const asked = { every: 'hour', zone: 'Asia/Kolkata' };
    const [estimates, truths] = [await ask(4, asked), await ask(null, asked)];
    for (const measure of ['events', 'revenue', 'mean']) {
      const { held, rows } = outcomeOf(measure, estimates, truths, ['bucket']);
      expect(rows).toBe(25);
      expect(held).toBeGreaterThan(0.85);
    }
  });

  it('is the same each time', async () => {
    expect(await ask(10, {})).toEqual(await ask(10, {}));
  });

  it('has exact totals of what it read, and types as of all', async () => {
    const [estimate] = await ask(10, {});
    expect(estimate?.events).toMatch(/^\d+0$/);
    expect(estimate?.revenue).toMatch(/^\d+\.\d0$/);
  });

  it('says nothing of how far off it is where it saw few events', async () => {
    const [estimate] = await ask(10, { where: { user_id: 'user0' }, until: sinceMs + dayMs / 10 });
    expect(estimate).toMatchObject({
      events: expect.any(String),
      events_low: null,
      mean_high: null,
      middle_low: [null],
    });
    const [none] = await ask(10, { where: { user_id: 'nobody' } });
    expect(none).toMatchObject({ events: '0', events_high: null, mean: null, middle: [null] });
  });

  it('has the measure itself for an interval where all was read', async () => {
    const [row] = await ask(null, {});
    const [revenue, middle] = [Number(row?.revenue), row?.middle];
    expect(row).toMatchObject({ revenue_low: revenue, revenue_high: revenue, middle_low: middle });
  });
});
