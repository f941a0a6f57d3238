import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flinkJobs } from '../packages/millrace/src/compile/flink/jobs.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import {
  jobSettings,
  makeTopics,
  StoreProcess,
  startJobs,
  startRole,
} from '../tests/support/cluster.ts';
import { startFlink } from '../tools/stack/flink.ts';
import { startKafka } from '../tools/stack/kafka.ts';
import definition from './bench.config.ts';
import { processCpuMicros } from './cpu.ts';
import { batches } from './end-to-end.ts';
import { Generator } from './generator.ts';
import { type PacedLatency, pacedLatency } from './paced-latency.ts';
import { checkStored, untilStored } from './server.ts';
import { median, percentile } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface ClusterOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface ClusterMeasured {
  readonly full: readonly FullLoad[];
  readonly latencies: readonly ClusterLatency[];
}

interface FullLoad {
  readonly events: number;
  /** From the first request until all could be queried. */
  readonly seconds: number;
  /** Of each part, µs an event. */
  readonly cpuMicros: ReadonlyMap<string, number>;
}

interface ClusterLatency extends PacedLatency {
  readonly checkpointMs: number;
}

interface Cluster {
  readonly collector: string;
  readonly query: string;
  readonly pids: ReadonlyMap<string, readonly number[]>;
}

const plan = planOf(definition);
const pipeline = fileURLToPath(new URL('./bench.config.ts', import.meta.url));
const partitions = 2;
const checkpointMsDefault = 3_000;
/** Each question is work for the same two cores. */
const pollMs = 100;

/** All parts of a cluster on this machine: what they take, and how old an event is once it can be queried. */
export async function cluster(
  { rounds, ...options }: ClusterOptions,
  say: (line: string) => void,
): Promise<ClusterMeasured> {
  const full: FullLoad[] = [];
  while (full.length < rounds) {
    const load = await withCluster(checkpointMsDefault, (parts) => fullLoad(parts, options));
    full.push(load);
    say(`round ${full.length} of ${rounds}: ${whole(rate(load))} events/s`);
  }
  const eventsPerSecond = median(full.map(rate)) / 2;
  const latencies: ClusterLatency[] = [];
  for (const checkpointMs of [1_000, 3_000, 10_000]) {
    const measured = await withCluster(checkpointMs, ({ collector, query }) =>
      pacedLatency({
        ...{ collector, query, eventsPerSecond, pollMs },
        ...{ seconds: options.seconds * 2, warmUpSeconds: options.warmUpSeconds },
      }),
    );
    latencies.push({ checkpointMs, ...measured });
    say(`checkpoints every ${checkpointMs} ms: p99 ${whole(percentile(measured.ms, 0.99))} ms`);
  }
  return { full, latencies };
}

async function withCluster<Result>(
  checkpointMs: number,
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  try {
    const kafka = await startKafka({ folder: join(folder, 'kafka') });
    stops.push(() => kafka.stop());
    const flink = await startFlink({ folder: join(folder, 'flink'), slots: 4 });
    stops.push(() => flink.stop());
    const { bootstrap } = kafka.addresses;
    const store = await StoreProcess.start(folder, plan);
    stops.push(() => store.stop());
    await makeTopics(bootstrap, plan, partitions);
    await startJobs(flink, flinkJobs(plan, { ...jobSettings(bootstrap), checkpointMs }));
    const [collector, loader, query] = (['collector', 'loader', 'query'] as const).map((role) => {
      const process = startRole(role, { pipeline, kafka: bootstrap, storeUrl: store.url });
      stops.push(() => process.stop());
      return process;
    });
    if (!collector || !loader || !query) throw new Error('a role is missing');
    await loader.url();
    return await work({
      collector: await collector.url(),
      query: await query.url(),
      pids: new Map([
        ['collector', [collector.pid]],
        ['Kafka', Object.values(kafka.pids)],
        ['Flink', Object.values(flink.pids)],
        ['loader', [loader.pid]],
        ['store', [store.pid]],
        ['query', [query.pid]],
      ]),
    });
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function fullLoad(
  { collector, query, pids }: Cluster,
  { seconds, warmUpSeconds }: Omit<ClusterOptions, 'rounds'>,
): Promise<FullLoad> {
  const generator = await Generator.open(collector, batches);
  await generator.send({ seconds: warmUpSeconds });
  await untilStored(query, generator.sent);

  const cpu = (): ReadonlyMap<string, number> =>
    new Map(
      [...pids].map(([part, ids]) => [
        part,
        ids.reduce((sum, pid) => sum + processCpuMicros(pid), 0),
      ]),
    );
  const before = { sent: generator.sent, atMs: performance.now(), cpu: cpu() };
  await generator.send({ seconds });
  await untilStored(query, generator.sent);
  const tookSeconds = (performance.now() - before.atMs) / 1_000;
  const after = cpu();
  const events = generator.sent - before.sent;
  generator.close();
  await checkStored(query, generator.sent);
  const cpuMicros = [...after].map(
    ([part, micros]) => [part, (micros - (before.cpu.get(part) ?? 0)) / events] as const,
  );
  return { events, seconds: tookSeconds, cpuMicros: new Map(cpuMicros) };
}

const rate = ({ events, seconds }: FullLoad): number => events / seconds;

export function clusterTables({ full, latencies }: ClusterMeasured): string {
  const parts = [...(full[0]?.cpuMicros.keys() ?? [])];
  const cpuOf = (part: string): number =>
    median(full.map(({ cpuMicros }) => cpuMicros.get(part) ?? 0));
  const rates = full.map(rate);
  const events = numbersTable(
    ['all on these cores', 'events/s, median', 'min–max', ...parts.map((part) => `${part} CPU µs`)],
    [
      [
        `batches of ${batches.eventsPerRequest}`,
        whole(median(rates)),
        `${whole(Math.min(...rates))}–${whole(Math.max(...rates))}`,
        ...parts.map((part) => cpuOf(part).toFixed(1)),
      ],
    ],
  );
  const ages = numbersTable(
    [
      ...['checkpoints every', 'events/s', 'samples'],
      ...['p50 ms', 'p99 ms', 'max ms', 'two intervals and 2 s'],
    ],
    latencies.map(({ checkpointMs, eventsPerSecond, ms }) => [
      `${checkpointMs / 1_000} s`,
      whole(eventsPerSecond),
      whole(ms.length),
      ...[0.5, 0.99, 1].map((share) => whole(percentile(ms, share))),
      whole(2 * checkpointMs + 2_000),
    ]),
  );
  return `${events}\n\n${ages}`;
}
