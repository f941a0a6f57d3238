import {
  clickHouseStore,
  openClickHouseStore,
} from '../../../adapters/clickhouse/clickhouse-store.ts';
import { JobManager } from '../../../adapters/flink/job-manager.ts';
import { openJournal, readAll } from '../../../adapters/kafka/journal.ts';
import { TopicAdmin } from '../../../adapters/kafka/topic-admin.ts';
import { systemClock } from '../../../adapters/system-clock.ts';
import { resultsFromBefore } from '../../../compile/clickhouse/window-replay.ts';
import { flinkJobs } from '../../../compile/flink/jobs.ts';
import { appliedTopic, kafkaTopics, topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { crashOnDemand } from '../../crash-on-demand.ts';
import { database } from '../../database.ts';
import { loadPipeline } from '../../load-pipeline.ts';
import { forgottenOffsets } from '../forget/cluster-forgotten.ts';
import { type Applied, appliedIn, nothingApplied } from './applied.ts';
import { besideIn, withBeside } from './beside.ts';
import { placed, withClaim } from './claim.ts';
import type { Desired } from './cluster.ts';
import { cutsOf, type StoredNow } from './cuts-of.ts';
import { type History, type HistorySettings, openHistory } from './history.ts';
import { knownTo } from './known-to.ts';
import { type Cluster, loadersNow, look, storedNow } from './look.ts';
import { perform } from './perform.ts';
import { type ReplayOrder, withOrder } from './replay-order.ts';
import type { Step } from './step.ts';
import { refusalsIn, stepsTo } from './steps.ts';
import { windowCutsNow } from './window-cut.ts';
import { shownWindow } from './window-version.ts';

/** What a cluster is, and what is to be made of it. */
export interface ClusterSettings {
  readonly pipeline: string;
  /** `host:port` of some of Kafka's brokers. */
  readonly kafka: readonly string[];
  readonly partitions: number;
  readonly replication: number;
  /** Of ClickHouse's HTTP interface. */
  readonly storeUrl: string;
  readonly storeUser: string;
  readonly storePassword: string;
  /** The name of a ClickHouse cluster; empty for one server. */
  readonly cluster: string;
  /** Of Flink's JobManager (REST). */
  readonly flinkUrl: string;
  readonly sqlGatewayUrl: string;
  /** Empty: where Flink is told to by itself. */
  readonly savepoints: string;
  readonly parallelism: number;
  readonly checkpointSeconds: number;
  readonly transactionTimeoutMinutes: number;
}

export interface ApplySettings extends ClusterSettings, HistorySettings {}

export interface ApplyOptions {
  /** Where jobs are to go on from, by name. */
  readonly resume: { readonly [job: string]: string };
  /** Told all that will be done, or is refused, before anything is. */
  readonly onSteps: (steps: readonly Step[]) => void;
  readonly onStep: (step: Step) => void;
  readonly tell: (sentence: string) => void;
  /** Told how many events a version of a rollup has, of those that it is filled with. */
  readonly onFill: (table: string, done: number, of: number) => void;
  /** Asks for other versions of rollups and windows than readers see, before all else. */
  readonly order?: ReplayOrder;
}

/**
 * What apply would do now. It changes nothing.
 *
 * @throws MillraceError `pipeline_not_found`, `pipeline_invalid`, `config_invalid`,
 *   `log_unavailable`, `flink_unavailable`; StoreError.
 */
export async function planCluster(
  settings: ClusterSettings,
  { resume }: Pick<ApplyOptions, 'resume'>,
): Promise<readonly Step[]> {
  return withCluster(settings, 'looks', async (plan, cluster) => {
    const { applied } = await whatWasApplied(plan, settings, cluster.admin);
    const stored = await storedNow(plan, applied, cluster);
    const windowCuts = await windowCutsNow(plan, applied, cluster);
    const desired = await desiredOf(settings, applied, resume, { ...stored, windowCuts });
    return stepsTo(desired, await look(desired, applied, cluster), applied);
  });
}

/**
 * Makes Kafka, the store and Flink match the definition.
 *
 * @returns how many steps it took.
 * @throws MillraceError as `planCluster`, `apply_in_progress`, `apply_refused` if anything
 *   is (then nothing was done), what an order throws, and what a step throws.
 */
export async function applyCluster(
  settings: ApplySettings,
  { resume, onSteps, onStep, tell, onFill, order }: ApplyOptions,
): Promise<number> {
  return withCluster(settings, 'makes', async (plan, cluster) => {
    const { admin, clock } = cluster;
    const topic = appliedTopic(plan, settings);
    await admin.create(topic);
    const kafka = addressOf(settings);
    const journal = openJournal({ ...kafka, clock, topic: topic.name });
    try {
      return await withClaim(journal, tell, async (claim) => {
        const history = openHistory(settings, {
          ...{ kafka, topic: topicNames(plan).clean },
          forgotten: (partition) => forgottenOffsets(claim.applied.forgotten, partition),
        });
        try {
          const ordering = { ...cluster, history, settings };
          const applied = order ? await ordered(order, claim.applied, ordering) : claim.applied;
          const stored = await storedNow(plan, applied, cluster);
          const windowCuts = await windowCutsNow(plan, applied, cluster);
          const desired = await desiredOf(settings, applied, resume, { ...stored, windowCuts });
          const steps = stepsTo(desired, await look(desired, applied, cluster), applied);
          onSteps(steps);
          const refused = refusalsIn(steps);
          if (refused.length > 0) {
            const codes = [...new Set(refused.map(({ code }) => code))].join(', ');
            throw new MillraceError('apply_refused', `Nothing was done: ${codes}.`);
          }
          if (applied !== claim.applied) await claim.keep(applied);
          const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
          const told = { ...toldBy(settings), tell, onFill };
          const work = { ...cluster, ...told, claim, kafka, history, reach };
          for (const step of steps) {
            onStep(step);
            await perform(step, work);
          }
          if (steps.length > 0) await admin.trim(topic.name, await claim.renewAll());
          return steps.length;
        } finally {
          await history.close();
        }
      });
    } finally {
      await journal.close();
    }
  });
}

/**
 * What is applied, with what an order asks for.
 *
 * @throws MillraceError what `withOrder` throws; `history_incomplete`, `archive_unavailable`.
 */
async function ordered(
  order: ReplayOrder,
  applied: Applied,
  {
    history,
    settings,
    ...cluster
  }: Cluster & { readonly history: History; readonly settings: ClusterSettings },
): Promise<Applied> {
  const plan = planOf(await loadPipeline(settings.pipeline), knownTo(applied, 'to come'));
  const next = withOrder(order, plan, applied);
  if (order.kind !== 'start') return next;
  if (order.from === 'events') {
    for (const name of order.windows) await refuseGone(name, plan, applied, cluster);
    return next;
  }
  const part = { from: order.from, sinceMs: null, untilMs: null };
  const { stored } = await loadersNow(plan, applied, cluster);
  for (const partition of stored.keys())
    await history.read(order.from, partition, (all) => all.start(part));
  return next;
}

/** @throws MillraceError `history_incomplete` if readers would lose results whose events are gone. */
async function refuseGone(
  name: string,
  { keepMs }: Plan,
  { windows, eventsGoneBeforeMs }: Applied,
  { store, clock }: Cluster,
): Promise<void> {
  const goneMs = Math.max(
    eventsGoneBeforeMs ?? Number.NEGATIVE_INFINITY,
    clock.now() - (keepMs ?? Number.POSITIVE_INFINITY),
  );
  const shown = shownWindow(windows, name);
  if (shown === undefined || goneMs === Number.NEGATIVE_INFINITY) return;
  const { bytes } = await store.read(resultsFromBefore(shown.window, goneMs, { database }));
  if (bytes.length === 0) return;
  throw new MillraceError(
    'history_incomplete',
    `The window ${name} has results from before ${new Date(goneMs).toISOString()}, whose events the store does not keep any more.`,
  );
}

const toldBy = ({ sqlGatewayUrl, savepoints, cluster }: ClusterSettings) => ({
  sqlGateway: sqlGatewayUrl,
  ...(savepoints === '' ? {} : { savepoints }),
  ...(cluster === '' ? {} : { storeCluster: { name: cluster } }),
});

/** What earlier applies kept; nothing where there was none. */
export async function whatWasApplied(
  plan: Plan,
  settings: Pick<ClusterSettings, 'kafka'>,
  admin: TopicAdmin,
): Promise<ReturnType<typeof appliedIn>> {
  const { applied: topic } = topicNames(plan);
  if (!(await admin.look([topic])).has(topic)) return { applied: nothingApplied, holder: null };
  return appliedIn((await readAll({ ...addressOf(settings), topic })).map(placed));
}

export async function desiredOf(
  settings: ClusterSettings,
  applied: Applied,
  resume: ApplyOptions['resume'],
  { windowCuts, ...stored }: StoredNow & Pick<Desired, 'windowCuts'>,
): Promise<Desired> {
  const plan = planOf(await loadPipeline(settings.pipeline), knownTo(applied, 'to come'));
  const beside = besideIn(plan, applied);
  const served = withBeside(plan, beside);
  const jobs = flinkJobs(served, {
    bootstrapServers: settings.kafka.join(','),
    parallelism: settings.parallelism,
    partitions: settings.partitions,
    checkpointMs: settings.checkpointSeconds * 1_000,
    transactionTimeoutMs: settings.transactionTimeoutMinutes * 60_000,
    cuts: cutsOf({ plan, beside }, applied, stored, windowCuts),
  });
  const unknown = Object.keys(resume).filter((name) => jobs.every((job) => job.name !== name));
  if (unknown.length > 0) {
    const names = jobs.map(({ name }) => name).join(', ');
    throw new MillraceError(
      'config_invalid',
      `--resume names ${unknown.join(', ')}; the jobs are ${names}.`,
    );
  }
  const topics = kafkaTopics(served, settings);
  const onSeveralServers = settings.cluster !== '';
  const { cut } = stored;
  return { plan, beside, topics, jobs, cut, windowCuts, onSeveralServers, resume };
}

export const addressOf = ({ kafka }: Pick<ClusterSettings, 'kafka'>) => ({
  brokers: kafka,
  clientId: `millrace-apply-${process.pid}`,
});

/** @param makes whether the store is given its database, if it lacks it. */
export async function withCluster<Result>(
  settings: ClusterSettings,
  makes: 'makes' | 'looks',
  work: (plan: Plan, cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  if (settings.kafka.length === 0)
    throw new MillraceError('config_invalid', "Kafka's address is needed: --kafka.");
  const plan = planOf(await loadPipeline(settings.pipeline));
  const at = {
    url: settings.storeUrl,
    username: settings.storeUser,
    password: settings.storePassword,
  };
  const store =
    makes === 'makes'
      ? await openClickHouseStore({ ...at, database })
      : // The one that is there in any case.
        clickHouseStore({ ...at, database: 'system' });
  const admin = new TopicAdmin(addressOf(settings));
  try {
    const jobManager = new JobManager(settings.flinkUrl);
    return await work(plan, { admin, jobManager, store, clock: systemClock });
  } finally {
    await admin.close();
    await store.close();
  }
}
