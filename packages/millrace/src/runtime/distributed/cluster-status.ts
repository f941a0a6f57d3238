import { isOver, type JobManager, type JobOverview } from '../../adapters/flink/job-manager.ts';
import type { GroupState, TopicState } from '../../adapters/kafka/topic-admin.ts';
import type { FlinkJob } from '../../compile/flink/job.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import { resultRows } from '../../ports/result-rows.ts';
import type { Store } from '../../ports/store.ts';
import { database } from '../database.ts';
import { claimMs } from './apply/applied.ts';
import { type ClusterSettings, desiredOf, whatWasApplied, withCluster } from './apply/apply.ts';
import type { RollupVersion } from './apply/rollup-version.ts';
import type { Stage } from './apply/stages.ts';
import type { WindowVersion } from './apply/window-version.ts';
import { loaderGroup } from './group-names.ts';

/** How a cluster is doing. Names as JSON has them. */
export interface ClusterStatus {
  readonly pipeline: string;
  /** Who applies now, if anybody does. */
  readonly applying: string | null;
  readonly topics: readonly TopicStatus[];
  readonly groups: readonly GroupStatus[];
  readonly jobs: readonly JobStatus[];
  readonly rollups: readonly VersionStatus[];
  readonly windows: readonly WindowStatus[];
  readonly tables: readonly TableStatus[];
}

export interface TopicStatus {
  readonly topic: string;
  /** 0 if it is not there. */
  readonly partitions: number;
  readonly replicas: number;
  /** Ends of transactions count as well. */
  readonly records: number;
  /** On the disks of all brokers. */
  readonly bytes: number;
}

export interface GroupStatus {
  readonly group: string;
  readonly topic: string;
  /** Processes that take part; Flink's jobs read without taking part. */
  readonly members: number;
  /** Records it has yet to read; ends of transactions count as well. */
  readonly lag: number;
}

export interface JobStatus {
  readonly job: string;
  /** As Flink calls it; `missing` where Flink does not know it. */
  readonly state: string;
  readonly id: string | null;
  /** Of the last checkpoint. */
  readonly checkpoint_age_s: number | null;
  readonly checkpoint_ms: number | null;
  readonly checkpoint_bytes: number | null;
  /** Why it failed last. */
  readonly failure: string | null;
}

/** A version of a rollup. */
export interface VersionStatus {
  readonly rollup: string;
  readonly version: number;
  /**
   * `asked`, `filling`, `filled`: readers do not see it yet. `shown`: they do. `kept`: they may go
   * back to it. `returning`: they are about to. `leaving`: it is about to be dropped.
   */
  readonly state: Stage;
  /** Events that were stored before it, and how many of them it has. */
  readonly events_to_fill: number;
  readonly events_filled: number;
}

/** A version of a window. Its states are those of a rollup's. */
export interface WindowStatus {
  readonly window: string;
  readonly version: number;
  readonly state: Stage;
  /** Events that the store computes results from, and how many of them it has read or computed them from. */
  readonly events_to_fill: number;
  readonly events_filled: number;
}

export interface TableStatus {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
}

/** @throws MillraceError as `planCluster`. */
export function clusterStatus(settings: ClusterSettings): Promise<ClusterStatus> {
  return withCluster(settings, 'looks', async (named, { admin, jobManager, store, clock }) => {
    const { applied, holder } = await whatWasApplied(named, settings, admin);
    const { plan, jobs, topics } = await desiredOf(
      settings,
      applied,
      {},
      {
        ...{ cut: null, isLost: () => false, windowCuts: new Map() },
      },
    );
    const there = await admin.look(topics.map(({ name }) => name));
    const bytes = await admin.bytesOf([...there.values()]);
    const readers = [
      ...jobs.map(({ name, reads }) => ({ group: name, read: reads })),
      { group: loaderGroup(plan), read: loadedTopics(plan, jobs) },
    ];
    const overview = await jobManager.jobs();
    const groups = [];
    for (const { group, read } of readers) {
      const state = await admin.group(group);
      groups.push(...read.map((topic) => groupStatus(group, topic, state, there.get(topic))));
    }
    const running = [];
    for (const { name } of jobs)
      running.push(await jobStatus(name, newestOf(name, overview), jobManager, clock.now()));
    return {
      pipeline: plan.pipeline,
      applying: holder !== null && clock.now() - holder.seenMs < claimMs ? holder.who : null,
      topics: topics.map(({ name }) => topicStatus(name, there.get(name), bytes.get(name) ?? 0)),
      groups,
      jobs: running,
      rollups: Object.values(applied.rollups).map(versionStatus),
      windows: Object.values(applied.windows).map(windowStatus),
      tables: await tablesIn(store),
    };
  });
}

/** What jobs write is loaded, and so is what was refused. */
const loadedTopics = (plan: Plan, jobs: readonly FlinkJob[]): readonly string[] => [
  ...jobs.flatMap(({ writes }) => writes),
  topicNames(plan).deadLetters,
];

const topicStatus = (topic: string, state: TopicState | undefined, bytes: number): TopicStatus => ({
  topic,
  partitions: state?.partitions ?? 0,
  replicas: state?.replication ?? 0,
  records: sum(state?.ranges ?? [], ({ start, end }) => end - start),
  bytes,
});

const versionStatus = ({ rollup, stage, fill }: RollupVersion): VersionStatus => ({
  rollup: rollup.name,
  version: rollup.version,
  state: stage,
  events_to_fill: fill?.events ?? 0,
  events_filled: fill?.eventsDone ?? 0,
});

const windowStatus = ({ window, stage, fill }: WindowVersion): WindowStatus => ({
  ...{ window: window.name, version: window.version, state: stage },
  events_to_fill: fill?.events ?? 0,
  events_filled: fill?.eventsDone ?? 0,
});

const groupStatus = (
  group: string,
  topic: string,
  { members, offsets }: GroupState,
  state: TopicState | undefined,
): GroupStatus => {
  const lags = (state?.ranges ?? []).map(({ start, end }, partition) => {
    const at = offsets.find((one) => one.topic === topic && one.partition === partition);
    return Math.max(0, end - Math.max(start, at?.offset ?? start));
  });
  return { group, topic, members, lag: sum(lags, (lag) => lag) };
};

/** One that runs, or else the last that did. */
const newestOf = (name: string, jobs: readonly JobOverview[]): JobOverview | undefined =>
  jobs
    .filter((job) => job.name === name)
    .toSorted(
      (a, b) => Number(isOver(a.state)) - Number(isOver(b.state)) || b.startedMs - a.startedMs,
    )[0];

async function jobStatus(
  name: string,
  job: JobOverview | undefined,
  jobManager: JobManager,
  nowMs: number,
): Promise<JobStatus> {
  const last = job && (await jobManager.checkpointsOf(job.id))?.last;
  return {
    job: name,
    state: job?.state ?? 'missing',
    id: job?.id ?? null,
    checkpoint_age_s: last ? Math.max(0, Math.round((nowMs - last.atMs) / 1_000)) : null,
    checkpoint_ms: last?.durationMs ?? null,
    checkpoint_bytes: last?.bytes ?? null,
    failure: job && job.state !== 'RUNNING' ? await jobManager.failureOf(job.id) : null,
  };
}

async function tablesIn(store: Store): Promise<readonly TableStatus[]> {
  const result = await store.read(
    "SELECT name AS table, toFloat64(ifNull(total_rows, 0)) AS rows, toFloat64(ifNull(total_bytes, 0)) AS bytes FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' ORDER BY name",
    { params: { database } },
  );
  return resultRows<TableStatus>(result);
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
