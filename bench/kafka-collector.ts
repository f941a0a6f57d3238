import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TopicAdmin } from '../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { kafkaTopics, topicNames } from '../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { startRole } from '../tests/support/cluster.ts';
import { readUntil } from '../tests/support/kafka-records.ts';
import { installKafka, startKafka } from '../tools/stack/kafka.ts';
import definition from './bench.config.ts';
import { batches, type Load, single } from './end-to-end.ts';
import { type LoadPhase, type LoadPhaseOptions, loadPhase } from './load-phase.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface KafkaCollectorOptions extends LoadPhaseOptions {
  readonly rounds: number;
}

/** Ready-made lines are not answered one by one. */
type Phase = Omit<LoadPhase, 'answerMs'> & Partial<Pick<LoadPhase, 'answerMs'>>;

const ways = ['java', 'batches', 'single'] as const;
type Way = (typeof ways)[number];
export type KafkaRound = { readonly [way in Way]: Phase };

const plan = planOf(definition);
const topics = topicNames(plan);
const pipeline = fileURLToPath(new URL('./bench.config.ts', import.meta.url));
const rival = fileURLToPath(new URL('./rivals/ProducerRival.java', import.meta.url));
const sampledLines = 50_000;

/**
 * The collector that answers once Kafka has the events, and Kafka's own producer
 * that sends the same lines ready-made, in turn, into the same broker.
 */
export async function kafkaCollectors(
  { rounds, ...options }: KafkaCollectorOptions,
  say: (line: string) => void,
): Promise<readonly KafkaRound[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const kafka = await startKafka({ folder: join(folder, 'kafka') });
  const { bootstrap } = kafka.addresses;
  try {
    const admin = new TopicAdmin({ clientId: 'bench', brokers: [bootstrap] });
    const settings = { partitions: 2, replication: 1, bufferBytes: 1024 ** 3 };
    for (const topic of kafkaTopics(plan, settings)) await admin.create(topic);
    await admin.close();
    const lines = join(folder, 'lines');
    await collectorPhase(bootstrap, batches, { seconds: 2, warmUpSeconds: 0 });
    await sampleLines(bootstrap, lines);
    const measured: KafkaRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const java = await producerPhase(bootstrap, lines, options);
      const inBatches = await collectorPhase(bootstrap, batches, options);
      const oneByOne = await collectorPhase(bootstrap, single, options);
      measured.push({ java, batches: inBatches, single: oneByOne });
      say(
        `round ${round} of ${rounds}: Kafka's producer ${whole(java.eventsPerSecond)}, batches ${whole(inBatches.eventsPerSecond)}, single ${whole(oneByOne.eventsPerSecond)} events/s`,
      );
    }
    return measured;
  } finally {
    await kafka.stop();
    await rm(folder, { recursive: true });
  }
}

/** What the collector wrote, as the lines that the producer sends. */
async function sampleLines(bootstrap: string, file: string): Promise<void> {
  const values = await readUntil(bootstrap, topics.raw, (all) => all.length >= sampledLines);
  const keyed = values.map((value) => {
    const { event_id }: { event_id: string } = JSON.parse(value);
    return `${event_id}\t${value}\n`;
  });
  await writeFile(file, keyed.join(''));
}

async function collectorPhase(
  bootstrap: string,
  load: Load,
  options: LoadPhaseOptions,
): Promise<LoadPhase> {
  const collector = startRole('collector', { pipeline, kafka: bootstrap });
  try {
    const { pid } = collector;
    return await loadPhase({ url: await collector.url(), pid }, load, options);
  } finally {
    await collector.stop();
  }
}

async function producerPhase(
  bootstrap: string,
  lines: string,
  { seconds, warmUpSeconds }: LoadPhaseOptions,
): Promise<Phase> {
  const jars = join(await installKafka(), '*');
  const told = [bootstrap, topics.raw, lines, String(warmUpSeconds), String(seconds)];
  const child = spawn('java', ['-Xmx512m', '-cp', jars, rival, ...told], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const phase: Phase = JSON.parse(output);
  return phase;
}

const names: { readonly [way in Way]: string } = {
  java: "Kafka's own producer, ready-made lines",
  batches: "Millrace's collector, batches of 500 over HTTP",
  single: "Millrace's collector, single events over HTTP",
};

export function kafkaCollectorTable(measured: readonly KafkaRound[]): string {
  const rows = ways.map((way) => {
    const of = (value: (phase: Phase) => number): number =>
      median(measured.map((round) => value(round[way])));
    const ratios = measured.map((round) => round[way].eventsPerSecond / round.java.eventsPerSecond);
    const answered = measured[0]?.[way].answerMs !== undefined;
    return [
      names[way],
      whole(of(({ eventsPerSecond }) => eventsPerSecond)),
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(', '),
      of(({ cpuMicros }) => cpuMicros).toFixed(1),
      answered ? of(({ answerMs }) => answerMs?.p50 ?? 0).toFixed(1) : '',
      answered ? of(({ answerMs }) => answerMs?.p99 ?? 0).toFixed(1) : '',
    ];
  });
  return numbersTable(
    ['into Kafka', 'events/s, median', 'ratio', 'each round', 'CPU µs/event', 'p50 ms', 'p99 ms'],
    rows,
  );
}
