import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { count, definePipeline, rollup, sum, uniq } from 'millrace';
import { askFlink } from '../packages/millrace/src/adapters/flink/flink-rest.ts';
import { dedupJob } from '../packages/millrace/src/compile/flink/dedup-job.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { startFlink } from '../tools/stack/flink.ts';
import { startKafka } from '../tools/stack/kafka.ts';
import bench from './bench.config.ts';
import { type EventTopic, fillEventTopic } from './event-topic.ts';
import { type JobPhase, jobPhase } from './flink-phase.ts';
import { counted, passedOn } from './flink-progress.ts';
import { generated, onlyRollupJob } from './flink-ways.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface FlinkGrowthOptions {
  readonly rounds: number;
  readonly events: number;
}

interface Measured extends JobPhase {
  /** Records that reached each subtask behind the shuffle. */
  readonly records: readonly number[];
}

/** By what was measured, in order; for each, its rounds. */
export type FlinkGrowth = ReadonlyMap<string, readonly Measured[]>;

/** Five thousand products, each of which the events name about as often. */
const plan = planOf(
  definePipeline({
    name: bench.name,
    events: bench.events,
    rollups: [
      rollup('by_product', {
        from: ['view', 'click', 'add_to_cart'],
        every: 'minute',
        by: ['product_id'],
        measures: { events: count(), amount: sum('price'), people: uniq('user_id') },
      }),
    ],
  }),
);

const sizes = [1, 2, 4] as const;
const slots = Math.max(...sizes);

const withProduct = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.includes('"product-'));

/** Half of the events name one product. */
const halfWithOne = (lines: readonly string[]): readonly string[] =>
  withProduct(lines).map((line, i) =>
    i % 2 === 0 ? line : line.replace(/"product-\d+"/, '"product-1"'),
  );

const works = {
  dedup: {
    compile: dedupJob,
    follow: (bootstrap: string, to: string, { events }: EventTopic) =>
      passedOn(bootstrap, to, events),
  },
  rollup: {
    compile: onlyRollupJob,
    follow: (bootstrap: string, to: string, { records }: EventTopic) =>
      counted(bootstrap, to, records),
  },
};

const cases = [
  { name: 'dedup', work: 'dedup', isSkewed: false },
  { name: 'rollup, even key', work: 'rollup', isSkewed: false },
  { name: 'rollup, half of the events have one key', work: 'rollup', isSkewed: true },
] as const;

/** Jobs of 1, 2 and 4 subtasks, with as many partitions: who works how much, and what an event costs. */
export async function flinkGrowth(
  { rounds, events }: FlinkGrowthOptions,
  say: (line: string) => void,
): Promise<FlinkGrowth> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const kafka = await startKafka({ folder: join(folder, 'kafka') });
  const flink = await startFlink({
    folder: join(folder, 'flink'),
    slots,
    settings: {
      'taskmanager.memory.process.size': '3072m',
      'metrics.fetcher.update-interval': '500 ms',
    },
  });
  const { bootstrap } = kafka.addresses;
  try {
    const measured = new Map<string, Measured[]>();
    for (const parallelism of sizes) {
      const filled = { bootstrap, plan, partitions: parallelism, events };
      const even = await fillEventTopic(`even-${parallelism}`, { ...filled, rewrite: withProduct });
      const skewed = await fillEventTopic(`skewed-${parallelism}`, {
        ...{ ...filled, rewrite: halfWithOne },
      });
      // The very first round warms up.
      const first = parallelism === sizes[0] ? 0 : 1;
      for (let round = first; round <= rounds; round += 1) {
        for (const { name, work, isSkewed } of cases) {
          const topic = isSkewed ? skewed : even;
          const { compile, follow } = works[work];
          let records: readonly number[] = [];
          const phase = await jobPhase(
            generated((settings) => compile(plan, settings), { parallelism }),
            {
              ...{ flink, bootstrap, topic, partitions: parallelism },
              progress: (to) => follow(bootstrap, to, topic),
              look: async (job) => {
                records = await recordsBehindShuffle(flink.addresses.rest, job, topic.records);
              },
            },
          );
          if (round === 0) continue;
          const key = `${name} ${parallelism}`;
          measured.set(key, [...(measured.get(key) ?? []), { ...phase, records }]);
          say(`${key}: ${whole(phase.eventsPerSecond)} events/s, ${records.map(whole).join(' ')}`);
        }
      }
    }
    return measured;
  } finally {
    await flink.stop();
    await kafka.stop();
    await rm(folder, { recursive: true });
  }
}

const pollMs = 100;

interface VertexAnswer {
  readonly subtasks: readonly { readonly metrics: { readonly 'read-records': number } }[];
}

/** Flink's own count, once it has heard of all of them. */
async function recordsBehindShuffle(
  rest: string,
  job: string,
  inAll: number,
): Promise<readonly number[]> {
  const { vertices } = await askFlink<{ readonly vertices: readonly { readonly id: string }[] }>(
    `${rest}/jobs/${job}`,
  );
  const last = vertices.at(-1);
  if (last === undefined) throw new Error(`job ${job} has no vertices`);
  for (;;) {
    const { subtasks } = await askFlink<VertexAnswer>(`${rest}/jobs/${job}/vertices/${last.id}`);
    const records = subtasks.map(({ metrics }) => metrics['read-records']);
    if (records.reduce((sum, one) => sum + one, 0) >= inAll) return records;
    await sleep(pollMs);
  }
}

export function flinkGrowthTable(measured: FlinkGrowth): string {
  const rows = cases.flatMap(({ name }) =>
    sizes.map((parallelism) => {
      const phases = measured.get(`${name} ${parallelism}`) ?? [];
      const of = (value: (phase: Measured) => number): number => median(phases.map(value));
      const shares = (phases[0]?.records ?? []).map((one, _, all) => {
        const sum = all.reduce((total, other) => total + other, 0);
        return (one * all.length) / sum;
      });
      return [
        name,
        String(parallelism),
        whole(of(({ eventsPerSecond }) => eventsPerSecond)),
        of(({ cpuMicros }) => cpuMicros).toFixed(1),
        shares.map((share) => share.toFixed(2)).join(', '),
      ];
    }),
  );
  return numbersTable(
    ['job', 'subtasks', 'events/s', 'CPU µs/event', 'records of each subtask, 1 is even'],
    rows,
  );
}
