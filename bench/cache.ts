import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openTopicWriter } from '../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { systemClock } from '../packages/millrace/src/adapters/system-clock.ts';
import { topicNames } from '../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { makeTopics, StoreProcess, startRole } from '../tests/support/cluster.ts';
import { rows } from '../tests/support/millrace-process.ts';
import { startKafka } from '../tools/stack/kafka.ts';
import { startRedis } from '../tools/stack/redis.ts';
import { spread } from './ask.ts';
import { Connection } from './connection.ts';
import { ownRowsTemplate } from './events.ts';
import definition from './events-only.config.ts';
import { Generator } from './generator.ts';
import { dayMs, days, weekByHour } from './questions.ts';
import { pollMs, untilStored, withServer } from './server.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable } from './table.ts';

export interface CacheOptions {
  readonly rounds: number;
  /** Of each way of asking. */
  readonly seconds: number;
  /** Stored before the first question. */
  readonly events: number;
  /** Of what comes meanwhile. */
  readonly eventsPerSecond: number;
}

const ways = ['nothing', 'hit', 'hitWhileComing', 'changed'] as const;
type Way = (typeof ways)[number];
type Round = { readonly [way in Way]: readonly number[] };
const places = ['memory', 'redis'] as const;
type Place = (typeof places)[number];

export type CacheMeasured = { readonly [place in Place]: readonly Round[] };

/** A process that answers questions, and how events get into what it asks. */
interface Asked {
  readonly url: string;
  readonly comeFor: (seconds: number) => Promise<void>;
}

const load = { connections: 4, eventsPerRequest: 100 };
const fillLoad = { connections: 16, eventsPerRequest: 500 };
const untilMs = Math.ceil(Date.now() / dayMs) * dayMs;
const range = { sinceMs: untilMs - days * dayMs, untilMs };

/**
 * One question again and again, of one process that keeps answers in its memory and of one that keeps them
 * in Redis, in turn.
 */
export function caches(options: CacheOptions, say: (line: string) => void): Promise<CacheMeasured> {
  return withEmbedded(options, (memory) =>
    withCluster(options, async (redis) => {
      const measured: { [place in Place]: Round[] } = { memory: [], redis: [] };
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const [place, asked] of [['memory', memory] as const, ['redis', redis] as const]) {
          const one = await roundOf(asked, options.seconds);
          measured[place].push(one);
          const told = ways.map((way) => `${way} ${percentile(one[way], 0.99).toFixed(1)}`);
          say(`${place}, round ${round} of ${options.rounds}: p99 ${told.join(', ')} ms`);
        }
      }
      return measured;
    }),
  );
}

async function withEmbedded<Result>(
  { events, eventsPerSecond }: CacheOptions,
  work: (asked: Asked) => Promise<Result>,
): Promise<Result> {
  return withServer(async ({ url }) => {
    const filling = await Generator.open(url, {
      ...fillLoad,
      timeOf: (sent) => spread(sent / fillLoad.eventsPerRequest, past()),
    });
    await filling.send({ seconds: Number.POSITIVE_INFINITY, events });
    filling.close();
    await untilStored(url, filling.sent);
    const generator = await Generator.open(url, { ...load, first: filling.sent });
    const result = await work({
      url,
      comeFor: (seconds) => generator.send({ seconds, eventsPerSecond }),
    });
    generator.close();
    return result;
  });
}

/** What has happened of the week by now: what is to come would be refused. */
const past = () => ({ ...range, untilMs: Math.floor(Date.now() / 1_000) * 1_000 });

/** Without Flink: events are written to the clean log, and there is no rollup. */
async function withCluster<Result>(
  { events, eventsPerSecond }: CacheOptions,
  work: (asked: Asked) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const plan = planOf(definition);
  const pipeline = fileURLToPath(new URL('./events-only.config.ts', import.meta.url));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const kafka = await startKafka({ folder: join(folder, 'kafka') });
    stops.push(() => kafka.stop());
    const redis = await startRedis({ folder: join(folder, 'redis') });
    stops.push(() => redis.stop());
    const { bootstrap } = kafka.addresses;
    const store = await StoreProcess.start(folder, plan);
    stops.push(() => store.stop());
    await makeTopics(bootstrap, plan, 2);
    const [loader, query] = (['loader', 'query'] as const).map((role) => {
      const args = role === 'query' ? ['--redis-url', redis.addresses.url] : [];
      const process = startRole(role, { pipeline, kafka: bootstrap, storeUrl: store.url, args });
      stops.push(() => process.stop());
      return process;
    });
    if (!loader || !query) throw new Error('a role is missing');
    const url = await query.url();
    const writer = openTopicWriter({
      ...{ brokers: [bootstrap], clientId: 'bench', clock: systemClock },
      topic: topicNames(plan).clean,
    });
    stops.push(() => writer.close());
    let sent = 0;
    const write = async (count: number, at: Date): Promise<void> => {
      const template = ownRowsTemplate(count, plan);
      template.fill(sent, String(at.getTime()));
      const lines = template.bytes.toString('latin1').trimEnd().split('\n');
      await writer.append(lines.map((value, n) => ({ key: String(sent + n), value })));
      sent += count;
    };
    const { eventsPerRequest } = fillLoad;
    while (sent < events) await write(eventsPerRequest, spread(sent / eventsPerRequest, past()));
    while ((await countOf(url)) < sent) await sleep(pollMs);
    return await work({
      url,
      async comeFor(seconds) {
        const from = performance.now();
        const batches = (seconds * eventsPerSecond) / load.eventsPerRequest;
        for (let batch = 0; batch < batches; batch += 1) {
          const dueMs = from + (batch * load.eventsPerRequest * 1_000) / eventsPerSecond;
          if (dueMs > performance.now()) await sleep(dueMs - performance.now());
          await write(load.eventsPerRequest, new Date());
        }
      },
    });
  } finally {
    for (const stop of stops.toReversed()) await stop();
    rmSync(folder, { recursive: true });
  }
}

async function countOf(url: string): Promise<number> {
  const [row] = await rows<{ readonly n: string }>(url, 'SELECT count() AS n FROM events');
  return Number(row?.n);
}

/** Between an answer and the next question, where each is to meet a new version of the data. */
const changeMs = 250;

async function roundOf({ url, comeFor }: Asked, seconds: number): Promise<Round> {
  const connection = await Connection.open(url);
  const { host } = new URL(url);
  const document: object = JSON.parse(weekByHour(range).asked('rollup'));
  const questionOf = (more: object): Buffer => {
    const body = JSON.stringify({ ...document, ...more });
    return Buffer.from(
      `POST /v1/query HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  };
  const ask = async (
    request: Buffer,
  ): Promise<{ readonly ms: number; readonly cached: boolean }> => {
    const at = performance.now();
    const { status, body } = await connection.ask(request);
    const ms = performance.now() - at;
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    return { ms, cached: body.endsWith('"cached":true}') };
  };
  /** What takes so long to be answered, of those that are to be counted. */
  const timed = async (request: Buffer, counts: (cached: boolean) => boolean, restMs = 0) => {
    const ms: number[] = [];
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      const answer = await ask(request);
      if (counts(answer.cached)) ms.push(answer.ms);
      if (restMs > 0) await sleep(restMs);
    }
    return ms;
  };
  const question = questionOf({});
  const all = (): boolean => true;
  try {
    const nothing = await timed(Buffer.from(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`), all);
    // What came last may still be on its way to where it is told of.
    while (!(await ask(question)).cached) await sleep(changeMs);
    const hit = await timed(question, (cached) => cached);
    const whileComing = async (work: () => Promise<number[]>): Promise<number[]> => {
      const [ms] = await Promise.all([work(), comeFor(seconds)]);
      return ms;
    };
    const aged = questionOf({ age: '1m' });
    const hitWhileComing = await whileComing(() => timed(aged, all));
    const changed = await whileComing(() => timed(question, (cached) => !cached, changeMs));
    return { nothing, hit, hitWhileComing, changed };
  } finally {
    connection.close();
  }
}

const names: { readonly [way in Way]: string } = {
  nothing: 'an empty answer, `/healthz`',
  hit: 'asked before, and nothing new since',
  hitWhileComing: 'asked before, with `age`, while events come',
  changed: 'the first since there is something new',
};
const placeNames: { readonly [place in Place]: string } = {
  memory: 'one process, its memory; of a rollup',
  redis: 'a query process, Redis; of the events',
};

export function cacheTable(measured: CacheMeasured): string {
  const table = places.flatMap((place) =>
    ways.map((way, index) => {
      const rounds = measured[place];
      const of = (value: (round: Round) => number): string => median(rounds.map(value)).toFixed(2);
      return [
        index === 0 ? placeNames[place] : '',
        names[way],
        of((round) => percentile(round[way], 0.5)),
        of((round) => percentile(round[way], 0.99)),
        rounds.map((round) => percentile(round[way], 0.99).toFixed(1)).join(', '),
        of((round) => percentile(round[way], 0.5) / percentile(round.hit, 0.5)),
        String(rounds.reduce((sum, round) => sum + round[way].length, 0)),
      ];
    }),
  );
  return numbersTable(
    [
      'answers kept in',
      'question',
      'p50 ms',
      'p99 ms',
      'p99 each round',
      'against a hit',
      'answers',
    ],
    table,
  );
}
