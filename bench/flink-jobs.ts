import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dedupJob } from '../packages/millrace/src/compile/flink/dedup-job.ts';
import type { FlinkJob, FlinkSettings } from '../packages/millrace/src/compile/flink/job.ts';
import { planOf } from '../packages/millrace/src/plan/plan-of.ts';
import { startFlink } from '../tools/stack/flink.ts';
import { startKafka } from '../tools/stack/kafka.ts';
import definition from './bench.config.ts';
import { fillEventTopic } from './event-topic.ts';
import { type JobPhase, jobPhase } from './flink-phase.ts';
import { planOfJob } from './flink-plan.ts';
import { counted, passedOn } from './flink-progress.ts';
import { generated, handWritten, javaProgram, onlyRollupJob, type Way } from './flink-ways.ts';
import { median } from './statistics.ts';
import { numbersTable, whole } from './table.ts';

export interface FlinkJobsOptions {
  readonly rounds: number;
  readonly events: number;
}

export interface FlinkJobsMeasured {
  /** What each way did, by its name. */
  readonly rounds: readonly ReadonlyMap<string, JobPhase>[];
  readonly plans: ReadonlyMap<string, string>;
}

type Work = 'dedup' | 'rollup';

interface Compared {
  readonly work: Work;
  readonly way: Way;
}

const plan = planOf(definition);
const partitions = 2;

const compileDedup = (settings: FlinkSettings): FlinkJob => dedupJob(plan, settings);
const compileRollup = (settings: FlinkSettings): FlinkJob => onlyRollupJob(plan, settings);
const inHeap = { settings: { 'state.backend.type': 'hashmap' } };

/** The first of each work is what the others are compared with. */
const comparedIn = (folder: string): ReadonlyMap<string, Compared> =>
  new Map<string, Compared>([
    ['dedup: SQL by hand', { work: 'dedup', way: handWritten('dedup.sql') }],
    ['dedup: DataStream job by hand', { work: 'dedup', way: javaProgram('DedupRival', folder) }],
    ["dedup: Millrace's job", { work: 'dedup', way: generated(compileDedup) }],
    [
      "dedup: Millrace's job, state in the heap",
      { work: 'dedup', way: generated(compileDedup, inHeap) },
    ],
    ['rollup: SQL by hand', { work: 'rollup', way: handWritten('rollup.sql') }],
    ["rollup: Millrace's job", { work: 'rollup', way: generated(compileRollup) }],
  ]);

/** The jobs that Millrace compiles and the same work written by hand, in turn, over one full topic. */
export async function flinkJobs(
  { rounds, events }: FlinkJobsOptions,
  say: (line: string) => void,
): Promise<FlinkJobsMeasured> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const kafka = await startKafka({ folder: join(folder, 'kafka') });
  const settings = { 'taskmanager.memory.process.size': '3072m' };
  const flink = await startFlink({ folder: join(folder, 'flink'), settings });
  const { bootstrap } = kafka.addresses;
  try {
    const topic = await fillEventTopic('bench.raw', { bootstrap, plan, partitions, events });
    const compared = comparedIn(folder);
    const follow = {
      dedup: (to: string) => passedOn(bootstrap, to, topic.events),
      rollup: (to: string) => counted(bootstrap, to, topic.records),
    };
    const common = { flink, bootstrap, topic, partitions };

    say(`${whole(topic.records)} records wait; a first round warms up`);
    const plans = new Map<string, string>();
    for (const [name, { work, way }] of compared) {
      await jobPhase(way, {
        ...{ ...common, progress: follow[work] },
        ...(work === 'dedup' ? { committed: topic.events } : {}),
        look: async (job) => void plans.set(name, await planOfJob(flink.addresses.rest, job)),
      });
    }

    const measured: ReadonlyMap<string, JobPhase>[] = [];
    while (measured.length < rounds) {
      const round = new Map<string, JobPhase>();
      for (const [name, { work, way }] of compared) {
        round.set(name, await jobPhase(way, { ...common, progress: follow[work] }));
      }
      measured.push(round);
      const rates = [...round.values()].map(({ eventsPerSecond }) => whole(eventsPerSecond));
      say(`round ${measured.length} of ${rounds}: ${rates.join(', ')} events/s`);
    }
    return { rounds: measured, plans };
  } finally {
    await flink.stop();
    await kafka.stop();
    await rm(folder, { recursive: true });
  }
}

export function flinkJobsTable({ rounds }: FlinkJobsMeasured): string {
  const compared = comparedIn(tmpdir());
  const rows = [...compared].map(([name, { work }]) => {
    const [base] = [...compared].find(([, other]) => other.work === work) ?? [name];
    const phases = rounds.flatMap((round) => round.get(name) ?? []);
    const ratios = rounds.map(
      (round) => (round.get(name)?.eventsPerSecond ?? 0) / (round.get(base)?.eventsPerSecond ?? 0),
    );
    const of = (value: (phase: JobPhase) => number): number => median(phases.map(value));
    return [
      name,
      whole(of(({ eventsPerSecond }) => eventsPerSecond)),
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(', '),
      of(({ cpuMicros }) => cpuMicros).toFixed(1),
      of(({ checkpointBytes }) => checkpointBytes / 1_000_000).toFixed(1),
      whole(of(({ checkpointMs }) => checkpointMs)),
    ];
  });
  return numbersTable(
    [
      ...['job', 'events/s, median', 'ratio', 'each round'],
      ...['CPU µs/event', 'checkpoint MB', 'checkpoint ms'],
    ],
    rows,
  );
}
