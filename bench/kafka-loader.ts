import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Admin, ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { TopicAdmin } from '../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { kafkaTopics, topicNames } from '../packages/millrace/src/compile/kafka/topics.ts';
import type { Plan } from '../packages/millrace/src/plan/plan.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { StoreProcess, startRole } from '../tests/support/cluster.ts';
import { readUntil } from '../tests/support/kafka-records.ts';
import { startKafka } from '../tools/stack/kafka.ts';
import definition from './bench.config.ts';
import { processCpuMicros } from './cpu.ts';
import { batches } from './end-to-end.ts';
import { Generator } from './generator.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface KafkaLoaderOptions {
  readonly rounds: number;
  readonly events: number;
}

interface Phase {
  readonly eventsPerSecond: number;
  /** Of the store and of what loads it, µs an event. */
  readonly cpuMicros: number;
}

const ways = ['engine', 'loader'] as const;
type Way = (typeof ways)[number];
export type LoaderRound = { readonly [way in Way]: Phase };

/** Without rollups: both ways fill one table, and nothing else. */
const plan: Plan = { ...planOf(definition), rollups: [] };
const topics = topicNames(plan);
const pipeline = fileURLToPath(new URL('./events-only.config.ts', import.meta.url));
const partitions = 2;
const pollMs = 50;

/**
 * The same topic into the same table, in turn: by a loader, each record once
 * whatever dies, and by the store's own Kafka engine, which may repeat some.
 */
export async function kafkaLoaders(
  { rounds, events }: KafkaLoaderOptions,
  say: (line: string) => void,
): Promise<readonly LoaderRound[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const kafka = await startKafka({ folder: join(folder, 'kafka') });
  const { bootstrap } = kafka.addresses;
  try {
    await fillClean(bootstrap, events);
    const measured: LoaderRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const engine = await phase(join(folder, `engine-${round}`), events, (store) =>
        loadByEngine(store, bootstrap, round),
      );
      const loader = await phase(join(folder, `loader-${round}`), events, (store) =>
        loadByLoader(store, bootstrap),
      );
      measured.push({ engine, loader });
      say(
        `round ${round} of ${rounds}: Kafka engine ${whole(engine.eventsPerSecond)}, loader ${whole(loader.eventsPerSecond)} events/s`,
      );
    }
    return measured;
  } finally {
    await kafka.stop();
    await rm(folder, { recursive: true });
  }
}

/** As a collector writes them, in the topic that loaders read. */
async function fillClean(bootstrap: string, events: number): Promise<void> {
  const admin = new TopicAdmin({ clientId: 'bench', brokers: [bootstrap] });
  for (const topic of kafkaTopics(plan, { partitions, replication: 1 })) await admin.create(topic);
  await admin.close();
  const collector = startRole('collector', { pipeline, kafka: bootstrap });
  const generator = await Generator.open(await collector.url(), batches);
  await generator.send({ seconds: 3_600, events });
  generator.close();
  await collector.stop();
  const lines = await readUntil(bootstrap, topics.raw, (all) => all.length >= events);
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [bootstrap],
    serializers: stringSerializers,
    acks: ProduceAcks.ALL,
    compression: 'lz4',
  });
  const atOnce = 5_000;
  for (let at = 0; at < events; at += atOnce) {
    const messages = lines
      .slice(at, Math.min(at + atOnce, events))
      .map((value, i) => ({ topic: topics.clean, key: String(at + i), value }));
    await producer.send({ messages });
  }
  await producer.close();
}

/** Begins to load, and says how to end it and which processes do it beside the store. */
type Load = (store: StoreProcess) => Promise<{
  readonly pids: readonly number[];
  readonly end: () => Promise<void>;
}>;

async function phase(folder: string, events: number, load: Load): Promise<Phase> {
  const store = await StoreProcess.start(folder, plan);
  try {
    const from = performance.now();
    const { pids, end } = await load(store);
    const loading = [store.pid, ...pids];
    const cpuBefore = processCpuMicros(store.pid);
    while ((await countOf(store)) < events) await sleep(pollMs);
    const tookMs = performance.now() - from;
    const cpu = loading.reduce((sum, pid) => sum + processCpuMicros(pid), 0) - cpuBefore;
    await end();
    return { eventsPerSecond: (events / tookMs) * 1_000, cpuMicros: cpu / events };
  } finally {
    await store.stop();
    await rm(folder, { recursive: true });
  }
}

async function countOf(store: StoreProcess): Promise<number> {
  const [row] = await store.ask<{ readonly n: string }>('', 'SELECT count() AS n FROM events');
  return Number(row?.n);
}

const loadByLoader = async (store: StoreProcess, bootstrap: string) => {
  const loader = startRole('loader', { pipeline, kafka: bootstrap, storeUrl: store.url });
  await loader.url();
  return {
    pids: [loader.pid],
    async end() {
      await loader.stop();
      // The next one begins at the beginning.
      const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] });
      await admin.deleteGroups({ groups: [`${plan.pipeline}.loader`] });
      await admin.close();
    },
  };
};

const loadByEngine = async (store: StoreProcess, bootstrap: string, round: number) => {
  // What is computed cannot be given through a view.
  const given = await store.ask<{ readonly name: string; readonly type: string }>(
    '',
    `SELECT name, type FROM system.columns
     WHERE database = 'millrace' AND table = 'events' AND default_kind = ''`,
  );
  const columns = given.map(({ name, type }) => `${name} ${type}`).join(', ');
  await store.store.define(`CREATE TABLE millrace.queue (${columns})
    ENGINE = Kafka SETTINGS kafka_broker_list = '${bootstrap}', kafka_topic_list = '${topics.clean}',
      kafka_group_name = 'engine-${round}', kafka_format = 'JSONEachRow', kafka_num_consumers = ${partitions},
      kafka_thread_per_consumer = 1, kafka_max_block_size = 200000, kafka_poll_max_batch_size = 200000,
      kafka_flush_interval_ms = 1000`);
  await store.store.define(`CREATE MATERIALIZED VIEW millrace.queue_to_events TO millrace.events AS
    SELECT * FROM millrace.queue`);
  return { pids: [], end: async () => store.store.define('DROP TABLE millrace.queue_to_events') };
};

const names: { readonly [way in Way]: string } = {
  engine: "ClickHouse's Kafka engine, at least once",
  loader: "Millrace's loader, exactly once",
};

export function kafkaLoaderTable(measured: readonly LoaderRound[]): string {
  const rows = ways.map((way) => {
    const of = (value: (phase: Phase) => number): number =>
      median(measured.map((round) => value(round[way])));
    const ratios = measured.map(
      (round) => round[way].eventsPerSecond / round.engine.eventsPerSecond,
    );
    return [
      names[way],
      whole(of(({ eventsPerSecond }) => eventsPerSecond)),
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(', '),
      of(({ cpuMicros }) => cpuMicros).toFixed(1),
    ];
  });
  return numbersTable(
    ['a topic into a table', 'events/s, median', 'ratio', 'each round', 'CPU µs/event'],
    rows,
  );
}
