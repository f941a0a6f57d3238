import { readFileSync } from 'node:fs';
import { Admin, FetchIsolationLevels, ListOffsetTimestamps } from '@platformatic/kafka';
import { askFlink } from '../../packages/millrace/src/adapters/flink/flink-rest.ts';
import { TopicOffsets } from '../../packages/millrace/src/adapters/kafka/topic-offsets.ts';
import type { Plan } from '../../packages/millrace/src/plan/plan.ts';
import { resultRows } from '../../packages/millrace/src/ports/result-rows.ts';
import { tableWays } from '../../packages/millrace/src/runtime/distributed/table-ways.ts';
import type { Flink } from '../../tools/stack/flink.ts';
import type { Kafka } from '../../tools/stack/kafka.ts';
import type { StoreProcess } from './cluster.ts';
import { openTransactions } from './open-transactions.ts';

export interface ReportedCluster {
  readonly plan: Plan;
  readonly kafka: Kafka;
  readonly flink: Flink;
  readonly store: StoreProcess;
}

/**
 * Waits for what is hoped of a cluster. When it fails, says where everything
 * stood: nothing is left to look at once the test is over.
 */
export async function hoped<Outcome>(
  cluster: ReportedCluster,
  hope: PromiseLike<Outcome>,
): Promise<Outcome> {
  try {
    return await hope;
  } catch (error) {
    console.error(await clusterReport(cluster));
    throw error;
  }
}

/** Where each job, group, log and transaction is, for whoever asks why nothing goes on. */
async function clusterReport({ plan, kafka, flink, store }: ReportedCluster): Promise<string> {
  const { bootstrap } = kafka.addresses;
  const { rest } = flink.addresses;
  const sections = [
    section('open transactions', async () => (await openTransactions(bootstrap)).map(inJson)),
    section('the way to each table, by partition', () => ways(bootstrap, plan, store)),
    section('jobs', () => jobs(rest)),
    section('TaskManagers', () => taskManagers(rest)),
    ...flink.processes.map(({ name, logFile }) => section(name, async () => logEnd(logFile))),
  ];
  return (await Promise.all(sections)).flat().join('\n');
}

async function section(
  title: string,
  look: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const lines = await look().catch((error: unknown) => [`not to be had: ${error}`]);
  return [`--- ${title}`, ...lines];
}

async function ways(bootstrap: string, plan: Plan, store: StoreProcess): Promise<string[]> {
  const offsets = new TopicOffsets({ clientId: 'test', brokers: bootstrap.split(',') });
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: bootstrap.split(',') });
  /** Whoever reads what is committed gets no further than this. */
  const stable = async (topic: string, partitions: number): Promise<readonly number[]> => {
    const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: ListOffsetTimestamps.LATEST,
    }));
    const [found] = await admin.listOffsets({
      topics: [{ name: topic, partitions: wanted }],
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    });
    return (found?.partitions ?? [])
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ offset }) => Number(offset));
  };
  try {
    const there = await store.store.read(
      "SELECT name FROM system.tables WHERE database = 'millrace'",
    );
    const names = new Set(resultRows<{ name: string }>(there).map(({ name }) => name));
    const lines = [];
    for (const [table, steps] of tableWays(plan, names))
      for (const step of steps) {
        const ends = await offsets.ends(step.log);
        const committed = await offsets.committed(step);
        const open = await stable(step.log, ends.length);
        lines.push(
          `${table}: ${step.group} has committed ${committed} of ${step.log}, which is stable to ${open} and ends at ${ends}`,
        );
      }
    return lines;
  } finally {
    await Promise.all([offsets.close(), admin.close()]);
  }
}

async function jobs(rest: string): Promise<readonly string[]> {
  const overview = await askFlink<{ readonly jobs: readonly { readonly jid: string }[] }>(
    `${rest}/jobs/overview`,
  );
  const lines = overview.jobs.map(async (job) => {
    const { latest, counts } = await askFlink<Checkpoints>(`${rest}/jobs/${job.jid}/checkpoints`);
    const { exceptionHistory } = await askFlink<Failures>(
      `${rest}/jobs/${job.jid}/exceptions?maxExceptions=5`,
    );
    const failures = exceptionHistory.entries.map(
      ({ timestamp, stacktrace }) =>
        `  ${at(timestamp)} ${stacktrace.split('\n').filter(isReason).join(' / ')}`,
    );
    return [
      inJson({ ...job, counts, completed: latest.completed, failed: latest.failed }),
      ...failures,
    ];
  });
  return (await Promise.all(lines)).flat();
}

interface Checkpoints {
  readonly counts: unknown;
  readonly latest: { readonly completed: unknown; readonly failed: unknown };
}

interface Failures {
  readonly exceptionHistory: {
    readonly entries: readonly { readonly timestamp: number; readonly stacktrace: string }[];
  };
}

async function taskManagers(rest: string): Promise<readonly string[]> {
  const answer = await askFlink<{ readonly taskmanagers: readonly unknown[] }>(
    `${rest}/taskmanagers`,
  );
  return answer.taskmanagers.map(inJson);
}

const shownLogLines = 60;

/** What a log says of failures and of states that changed, the newest of it. */
const logEnd = (file: string): readonly string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\S+ \S+ (WARN|ERROR)|switched from|heartbeat|[Rr]estart/.test(line))
    .map((line) => line.slice(0, shownColumns))
    .slice(-shownLogLines);

const shownColumns = 400;
const isReason = (line: string): boolean => /^(\S*(Exception|Error)|Caused by)/.test(line);
const at = (ms: number): string => new Date(ms).toISOString();
const inJson = (value: unknown): string => JSON.stringify(value);
