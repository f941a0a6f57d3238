import { isDeepStrictEqual } from 'node:util';
import { ask, between, type Range, spread } from './ask.ts';
import { Generator } from './generator.ts';
import { untilStored, withServer } from './server.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface QuestionOptions {
  /** Stored before the first question. */
  readonly events: number;
  /** How often each question is asked each way. */
  readonly rounds: number;
  /** What the server takes at most in batches; beside the askers it gets half of it. */
  readonly fullRate: number;
  /** How long the askers ask. */
  readonly seconds: number;
}

export interface Questions {
  readonly asked: readonly { readonly name: string; readonly ms: WaysMs }[];
  readonly crowds: readonly Crowd[];
}

type Way = 'rollup' | 'asked before' | 'rollupByHand' | 'events' | 'eventsByHand';
type WaysMs = { readonly [way in Way]: readonly number[] };

interface Crowd {
  readonly askers: number;
  readonly questionMs: readonly number[];
  /** Asked for, and reached. */
  readonly paced: number;
  readonly eventsPerSecond: number;
  readonly answerMs: readonly number[];
  readonly seconds: number;
}

export const dayMs = 86_400_000;
export const days = 7;
const askers = 20;
const load = { connections: 16, eventsPerRequest: 500 };

/** The time of questions each way, and of many at once while events come. */
export function questions(
  { events, rounds, fullRate, seconds }: QuestionOptions,
  say: (line: string) => void,
): Promise<Questions> {
  return withServer(async ({ url }) => {
    const untilMs = Math.floor(Date.now() / dayMs) * dayMs;
    const range = { sinceMs: untilMs - days * dayMs, untilMs };
    const answers: number[] = [];
    const generator = await Generator.open(url, {
      ...load,
      timeOf: (sent) => spread(sent / load.eventsPerRequest, range),
      onAnswer: ({ tookMs }) => answers.push(tookMs),
    });
    await generator.send({ seconds: Number.POSITIVE_INFINITY, events });
    await untilStored(url, generator.sent);
    say(`${whole(generator.sent)} events are stored`);

    const asked = [];
    for (const question of [weekByHour(range), dayByMinute(range)]) {
      const ms = await askEachWay(url, question, rounds);
      asked.push({ name: question.name, ms });
      say(`${question.name}: ${ways.map((way) => median(ms[way]).toFixed(1)).join(', ')} ms`);
    }

    const crowds: Crowd[] = [];
    const question = weekByHour(range);
    for (const [count, share] of [
      [0, 0.5],
      [askers, 0],
      [askers, 0.5],
    ] as const) {
      answers.length = 0;
      const before = { sent: generator.sent, at: performance.now() };
      const paced = fullRate * share;
      const until = performance.now() + seconds * 1000;
      const [questionMs] = await Promise.all([
        askUntil(until, count, () => ask(url, '/v1/query', question.asked('rollup'))),
        paced === 0 ? undefined : generator.send({ seconds, eventsPerSecond: paced }),
      ]);
      const took = (performance.now() - before.at) / 1000;
      crowds.push({
        askers: count,
        questionMs,
        paced,
        eventsPerSecond: (generator.sent - before.sent) / took,
        answerMs: [...answers],
        seconds: took,
      });
      await untilStored(url, generator.sent);
    }
    generator.close();
    return { asked, crowds };
  });
}

export interface BenchQuestion {
  readonly name: string;
  asked(servedBy: 'rollup' | 'events'): string;
  readonly rollupByHand: string;
  readonly eventsByHand: string;
}

let serial = 0;
/** Beyond all rows, and another each time: so that nobody has asked the question before. */
const newLimit = (): number => {
  serial += 1;
  return 10_000 - (serial % 4_000);
};

/** A millisecond before a bucket begins no event happened, but no rollup can know that. */
const since = (ms: number, servedBy: 'rollup' | 'events'): number =>
  servedBy === 'rollup' ? ms : ms - 1;

const counts = { events: { kind: 'count' }, amount: { kind: 'sum', field: 'price' } };
const from = ['view', 'click', 'add_to_cart', 'purchase'];

export function weekByHour({ sinceMs, untilMs }: Range): BenchQuestion {
  return {
    name: 'a week by hour and type: count, sum',
    asked: (servedBy) =>
      JSON.stringify({
        ...{ from, every: 'hour', by: ['type'], measures: counts, limit: newLimit() },
        ...{ since: since(sinceMs, servedBy), until: untilMs },
      }),
    rollupByHand: `
      SELECT toStartOfHour(bucket) AS bucket, type, sum(events) AS events, sum(amount) AS amount
      FROM by_minute WHERE ${between('by_minute.bucket', { sinceMs, untilMs })}
      GROUP BY ALL ORDER BY ALL`,
    eventsByHand: `
      SELECT toStartOfHour(timestamp) AS bucket, type,
             count() AS events, ifNull(sum(properties.price), 0) AS amount
      FROM events WHERE ${between('timestamp', { sinceMs, untilMs })}
      GROUP BY ALL ORDER BY ALL`,
  };
}

function dayByMinute({ untilMs }: Range): BenchQuestion {
  const sinceMs = untilMs - dayMs;
  return {
    name: 'a day by minute and type: count, sum, uniq',
    asked: (servedBy) =>
      JSON.stringify({
        ...{ from, every: 'minute', by: ['type'], limit: newLimit() },
        measures: { ...counts, people: { kind: 'uniq', field: 'user_id' } },
        ...{ since: since(sinceMs, servedBy), until: untilMs },
      }),
    rollupByHand: `
      SELECT bucket, type, events, amount, people
      FROM by_minute WHERE ${between('bucket', { sinceMs, untilMs })} ORDER BY bucket, type`,
    eventsByHand: `
      SELECT toStartOfMinute(timestamp) AS bucket, type, count() AS events,
             ifNull(sum(properties.price), 0) AS amount, uniqCombined64(user_id) AS people
      FROM events WHERE ${between('timestamp', { sinceMs, untilMs })}
      GROUP BY ALL ORDER BY ALL`,
  };
}

const ways: readonly Way[] = ['rollup', 'asked before', 'rollupByHand', 'events', 'eventsByHand'];

/** In turn, so that what else the machine does falls on all of them. */
async function askEachWay(url: string, question: BenchQuestion, rounds: number): Promise<WaysMs> {
  const before = question.asked('rollup');
  await ask(url, '/v1/query', before);
  const byWay: { readonly [way in Way]: () => Promise<unknown> } = {
    rollup: () => ask(url, '/v1/query', question.asked('rollup')),
    'asked before': () => ask(url, '/v1/query', before),
    rollupByHand: () => ask(url, '/sql', question.rollupByHand),
    events: () => ask(url, '/v1/query', question.asked('events')),
    eventsByHand: () => ask(url, '/sql', question.eventsByHand),
  };
  const [first, ...others] = await Promise.all(ways.map((way) => byWay[way]()));
  const different = others.find((rows) => !isDeepStrictEqual(rows, first));
  if (different !== undefined) {
    const [one, other] = [first, different].map((rows) => JSON.stringify(rows).slice(0, 500));
    throw new Error(`the answers to "${question.name}" differ:\n${one}\n${other}`);
  }
  const ms: { [way in Way]: number[] } = {
    rollup: [],
    'asked before': [],
    rollupByHand: [],
    events: [],
    eventsByHand: [],
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const way of ways) {
      const at = performance.now();
      await byWay[way]();
      ms[way].push(performance.now() - at);
    }
  }
  return ms;
}

async function askUntil(
  untilMs: number,
  count: number,
  one: () => Promise<unknown>,
): Promise<number[]> {
  const ms: number[] = [];
  const asker = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const at = performance.now();
      await one();
      ms.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: count }, asker));
  return ms;
}

export function questionTables({ asked, crowds }: Questions): string {
  const figures = (ms: readonly number[]): string[] =>
    [median(ms), percentile(ms, 0.99)].map((value) => value.toFixed(1));
  const ratio = (one: readonly number[], other: readonly number[]): string =>
    (median(one) / median(other)).toFixed(2);
  const each = asked.flatMap(({ name, ms }) => [
    [name, 'a rollup', ...figures(ms.rollup), ratio(ms.rollup, ms.rollupByHand)],
    [
      '',
      'what was asked before',
      ...figures(ms['asked before']),
      ratio(ms['asked before'], ms.rollupByHand),
    ],
    ['', 'the rollup, SQL by hand', ...figures(ms.rollupByHand), '1.00'],
    ['', 'the events', ...figures(ms.events), ratio(ms.events, ms.eventsByHand)],
    ['', 'the events, SQL by hand', ...figures(ms.eventsByHand), '1.00'],
  ]);
  const many = crowds.map((crowd) => [
    String(crowd.askers),
    whole(crowd.paced),
    whole(crowd.eventsPerSecond),
    ...shown(crowd.answerMs),
    whole(crowd.questionMs.length / crowd.seconds),
    ...shown(crowd.questionMs),
  ]);
  return [
    numbersTable(['question', 'from', 'p50 ms', 'p99 ms', 'against by hand'], each),
    numbersTable(
      [
        'askers',
        'events/s sent',
        'taken',
        'answer p50 ms',
        'p99 ms',
        'questions/s',
        'question p50 ms',
        'p99 ms',
      ],
      many,
    ),
  ].join('\n\n');
}

const shown = (ms: readonly number[]): string[] =>
  ms.length === 0 ? ['', ''] : [0.5, 0.99].map((part) => percentile(ms, part).toFixed(1));
