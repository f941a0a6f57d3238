import {
  isOver,
  type JobCheckpoints,
  type JobManager,
} from '../../../adapters/flink/job-manager.ts';
import { leftCheckpoint } from '../../../adapters/flink/left-checkpoint.ts';
import type { TopicAdmin, TopicState } from '../../../adapters/kafka/topic-admin.ts';
import { eventsTable } from '../../../compile/clickhouse/events-table.ts';
import { dedupJobName } from '../../../compile/flink/dedup-job.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { Clock } from '../../../ports/clock.ts';
import { resultRows } from '../../../ports/result-rows.ts';
import type { Store } from '../../../ports/store.ts';
import { database } from '../../database.ts';
import { isAnyForgotten } from '../forget/cluster-forgotten.ts';
import { loaderGroup } from '../group-names.ts';
import { loadedTopics } from '../loaded-topics.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired, SeenJob } from './cluster.ts';
import type { StoredNow } from './cuts-of.ts';
import { fingerprintParameter } from './fingerprint.ts';
import { loadedIn } from './loaded-in.ts';
import { loadersOf } from './loaders-of.ts';

/** What can be looked at. */
export interface Cluster {
  readonly admin: TopicAdmin;
  readonly jobManager: JobManager;
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * What there is of what a definition asks for, and of what applies made.
 *
 * @throws MillraceError `log_unavailable`, `flink_unavailable`; StoreError.
 */
export async function look(desired: Desired, applied: Applied, cluster: Cluster): Promise<Actual> {
  const { admin, store } = cluster;
  const { plan } = desired;
  const topics = await admin.look(desired.topics.map(({ name }) => name));
  const jobs = await jobsIn(desired, applied, cluster);
  return {
    topics,
    jobs,
    left: await checkpointsLeft(applied, jobs, cluster),
    ...(await tablesIn(store)),
    loaders: await loadersNow(plan, applied, cluster),
    behindWindow: await isBehindWindow(desired, applied.plan, topics, cluster),
  };
}

export async function loadersNow(
  plan: Plan,
  applied: Applied,
  { admin }: Pick<Cluster, 'admin'>,
): Promise<Actual['loaders']> {
  const { clean } = topicNames(plan);
  const topics = await admin.look([clean]);
  const loaded = loadedTopics(applied.plan ?? plan, loadedIn(applied));
  return loadersOf(await admin.group(loaderGroup(plan)), topics.get(clean), loaded);
}

/** What a version that is made now is made from. */
export async function storedNow(
  plan: Plan,
  applied: Applied,
  cluster: Cluster,
): Promise<StoredNow> {
  const { tables, events } = await tablesIn(cluster.store);
  // Without a cut a job would read what was forgotten.
  const isEmpty = events === 0 && !isAnyForgotten(applied.forgotten);
  return {
    cut: isEmpty ? null : (await loadersNow(plan, applied, cluster)).stored,
    isLost: (table) => events === 0 && !tables.has(table),
  };
}

async function jobsIn(
  desired: Desired,
  applied: Applied,
  { jobManager }: Cluster,
): Promise<ReadonlyMap<string, readonly SeenJob[]>> {
  const names = new Set([...desired.jobs.map(({ name }) => name), ...Object.keys(applied.jobs)]);
  const found = new Map<string, SeenJob[]>([...names].map((name) => [name, []]));
  for (const { id, name, state, startedMs } of await jobManager.jobs()) {
    const jobs = found.get(name);
    if (jobs === undefined) continue;
    const parameters = await jobManager.parametersOf(id);
    const checkpoints = await jobManager.checkpointsOf(id);
    jobs.push({
      ...{ id, state, startedMs, over: isOver(state) },
      fingerprint: parameters?.[fingerprintParameter] ?? null,
      ...stateOf(checkpoints),
    });
  }
  return found;
}

/** One older than the newest is never gone on from: what came between would be written twice. */
const stateOf = (
  checkpoints: JobCheckpoints | null,
): Pick<SeenJob, 'goOnFrom' | 'cameToNothing' | 'restoredFrom'> => {
  if (checkpoints === null) return { goOnFrom: null, cameToNothing: false, restoredFrom: null };
  const { last, restoredFrom } = checkpoints;
  if (last === null)
    return { goOnFrom: restoredFrom, cameToNothing: restoredFrom === null, restoredFrom };
  return { goOnFrom: last.discarded ? null : last.path, cameToNothing: false, restoredFrom };
};

/** Of jobs that ran when they were last heard of, and that Flink does not remember. */
async function checkpointsLeft(
  { jobs }: Applied,
  seen: Actual['jobs'],
  { jobManager }: Cluster,
): Promise<ReadonlyMap<string, string>> {
  const left = new Map<string, string>();
  for (const [name, { id, savepoint }] of Object.entries(jobs)) {
    if (id === null || savepoint !== null || seen.get(name)?.some((job) => job.id === id)) continue;
    const folder = await jobManager.checkpointFolder();
    const path = folder === null ? null : await leftCheckpoint(folder, id);
    if (path !== null) left.set(id, path);
  }
  return left;
}

/** What the store has. */
export async function tablesIn(store: Store): Promise<Pick<Actual, 'tables' | 'events'>> {
  const names = await rows<{ name: string }>(
    store,
    'SELECT name FROM system.tables WHERE database = {database:String}',
  );
  const tables = new Set(names.map(({ name }) => name));
  if (!tables.has(eventsTable)) return { tables, events: 0 };
  // No system table has the number where events are spread over servers.
  const question = `SELECT toFloat64(count()) AS events FROM ${database}.${eventsTable}`;
  const [found] = await rows<{ events: number }>(store, question);
  return { tables, events: found?.events ?? 0 };
}

async function rows<Row>(store: Store, question: string): Promise<readonly Row[]> {
  return resultRows(await store.read(question, { params: { database } }));
}

async function isBehindWindow(
  { plan }: Desired,
  before: Plan | null,
  topics: ReadonlyMap<string, TopicState>,
  { admin, clock }: Cluster,
): Promise<boolean> {
  const raw = topics.get(topicNames(plan).raw);
  const isShorter = before !== null && plan.dedup.windowMs < before.dedup.windowMs;
  if (!isShorter || raw === undefined) return false;
  const { offsets } = await admin.group(dedupJobName(plan));
  const recent = await admin.offsetsAt(raw, clock.now() - plan.dedup.windowMs);
  return raw.ranges.some(({ start, end }, partition) => {
    const read = offsets.find((one) => one.topic === raw.name && one.partition === partition);
    return Math.max(read?.offset ?? 0, start) < Math.min(recent[partition] ?? end, end);
  });
}
