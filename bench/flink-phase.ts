import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { JobManager } from '../packages/millrace/src/adapters/flink/job-manager.ts';
import { PartitionReader } from '../packages/millrace/src/adapters/kafka/partition-reader.ts';
import type { Flink } from '../tools/stack/flink.ts';
import { processCpuMicros } from './cpu.ts';
import { type EventTopic, makePlainTopic } from './event-topic.ts';
import type { Way } from './flink-ways.ts';

/** Where a job was at one moment. */
export interface Sample {
  readonly atMs: number;
  /** What its output says it has done, in the progress's own unit. */
  readonly done: number;
  /** Of the TaskManagers. */
  readonly cpuMicros: number;
}

/** Follows what a job writes. */
export interface Progress {
  /** What is in its output by now, committed or not. */
  done(): Promise<number>;
  /** What will be there in the end. */
  readonly inAll: number;
  /** From where to where the job was at full work. */
  steady(samples: readonly Sample[]): readonly [Sample, Sample];
  close(): Promise<void>;
}

export interface PhaseOptions {
  readonly flink: Flink;
  readonly bootstrap: string;
  readonly topic: EventTopic;
  readonly partitions: number;
  /** @param to the topic that the job writes. */
  readonly progress: (to: string) => Promise<Progress>;
  /** Told of the job once its work is done, before it is ended. */
  readonly look?: (job: string) => Promise<void>;
  /** Records that must be committed in the end; counting them takes some seconds. */
  readonly committed?: number;
}

export interface JobPhase {
  /** Records read, repeats included. */
  readonly eventsPerSecond: number;
  /** Of the TaskManagers, µs a record read. */
  readonly cpuMicros: number;
  /** Of the last checkpoint, behind all events. */
  readonly checkpointBytes: number;
  readonly checkpointMs: number;
}

const pollMs = 20;
const noProgressMsMax = 90_000;
let phases = 0;

/** Has a job work off a topic from its beginning into one of its own. */
export async function jobPhase(way: Way, options: PhaseOptions): Promise<JobPhase> {
  const { flink, bootstrap, topic, partitions, committed, look } = options;
  phases += 1;
  const name = `phase-${phases}`;
  const to = `${name}.out`;
  await makePlainTopic(bootstrap, to, partitions);
  const progress = await options.progress(to);
  const manager = new JobManager(flink.addresses.rest);
  const job = await way(flink, { bootstrap, from: topic.name, to, name });
  const samples = await sampled(progress, () => cpuOf(flink));
  await progress.close();
  await look?.(job);
  const endedMs = Date.now();
  let checkpoint = (await manager.checkpointsOf(job))?.last;
  while (checkpoint === null || checkpoint === undefined || checkpoint.atMs < endedMs) {
    await sleep(pollMs);
    checkpoint = (await manager.checkpointsOf(job))?.last;
  }
  if (committed !== undefined) {
    const found = await committedIn(bootstrap, to, partitions);
    if (found !== committed) throw new Error(`${committed} records wanted, ${found} committed`);
  }
  await manager.cancel(job);
  await remove(bootstrap, to);

  const [from, until] = progress.steady(samples);
  const events = ((until.done - from.done) / progress.inAll) * topic.records;
  return {
    eventsPerSecond: (events / (until.atMs - from.atMs)) * 1_000,
    cpuMicros: (until.cpuMicros - from.cpuMicros) / events,
    checkpointBytes: checkpoint.bytes,
    checkpointMs: checkpoint.durationMs,
  };
}

async function sampled(progress: Progress, cpu: () => number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let progressAtMs = performance.now();
  for (let done = 0; done < progress.inAll; ) {
    const now = await progress.done();
    const atMs = performance.now();
    if (now > done) {
      samples.push({ atMs, done: now, cpuMicros: cpu() });
      progressAtMs = atMs;
      done = now;
    }
    if (atMs - progressAtMs > noProgressMsMax) {
      throw new Error(`${done} of ${progress.inAll} came out, and no more comes`);
    }
    await sleep(pollMs);
  }
  return samples;
}

const cpuOf = ({ pids }: Flink): number =>
  Object.entries(pids)
    .filter(([name]) => name.startsWith('taskmanager'))
    .reduce((sum, [, pid]) => sum + processCpuMicros(pid), 0);

async function committedIn(bootstrap: string, topic: string, partitions: number): Promise<number> {
  let records = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    const brokers = [bootstrap];
    const reader = await PartitionReader.open({ clientId: 'bench', brokers, topic, partition });
    for (let at = reader.start; at < reader.end; ) {
      const slice = await reader.read(at, { rowsMax: 1_000_000, bytesMax: 64 * 1_048_576 });
      if (slice.lines.length > 0) records += slice.to - slice.from;
      at = slice.to;
    }
    await reader.close();
  }
  return records;
}

async function remove(bootstrap: string, topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] });
  await admin.deleteTopics({ topics: [topic] });
  await admin.close();
}
