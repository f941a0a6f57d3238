import {
  clickHouseStore,
  openClickHouseStore,
} from '../../../adapters/clickhouse/clickhouse-store.ts';
import { JobManager } from '../../../adapters/flink/job-manager.ts';
import { openJournal, readAll } from '../../../adapters/kafka/journal.ts';
import { TopicAdmin } from '../../../adapters/kafka/topic-admin.ts';
import { systemClock } from '../../../adapters/system-clock.ts';
import { flinkJobs } from '../../../compile/flink/jobs.ts';
import { appliedTopic, kafkaTopics, topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { planOf } from '../../../plan/plan-of.ts';
import { crashOnDemand } from '../../crash-on-demand.ts';
import { database } from '../../database.ts';
import { loadPipeline } from '../../load-pipeline.ts';
import { type Applied, appliedIn, nothingApplied } from './applied.ts';
import { Claim, placed } from './claim.ts';
import type { Desired } from './cluster.ts';
import { cutsOf } from './cuts-of.ts';
import { knownTo } from './known-to.ts';
import { type Cluster, cutNow, look } from './look.ts';
import { perform } from './perform.ts';
import type { Step } from './step.ts';
import { refusalsIn, stepsTo } from './steps.ts';

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

export interface ApplyOptions {
  /** Where jobs are to go on from, by name. */
  readonly resume: { readonly [job: string]: string };
  /** Told all that will be done, or is refused, before anything is. */
  readonly onSteps: (steps: readonly Step[]) => void;
  readonly onStep: (step: Step) => void;
  readonly tell: (sentence: string) => void;
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
    const cut = await cutNow(plan, applied, cluster);
    const desired = await desiredOf(settings, applied, resume, cut);
    return stepsTo(desired, await look(desired, applied, cluster), applied);
  });
}

/**
 * Makes Kafka, the store and Flink match the definition.
 *
 * @returns how many steps it took.
 * @throws MillraceError as `planCluster`, `apply_in_progress`, `apply_refused` if anything
 *   is (then nothing was done), and what a step throws.
 */
export async function applyCluster(
  settings: ClusterSettings,
  { resume, onSteps, onStep, tell }: ApplyOptions,
): Promise<number> {
  return withCluster(settings, 'makes', async (plan, cluster) => {
    const { admin, clock } = cluster;
    const topic = appliedTopic(plan, settings);
    await admin.create(topic);
    const journal = openJournal({ ...addressOf(settings), clock, topic: topic.name });
    try {
      const claim = await Claim.take(journal);
      try {
        const cut = await cutNow(plan, claim.applied, cluster);
        const desired = await desiredOf(settings, claim.applied, resume, cut);
        const steps = stepsTo(desired, await look(desired, claim.applied, cluster), claim.applied);
        onSteps(steps);
        const refused = refusalsIn(steps);
        if (refused.length > 0) {
          const codes = [...new Set(refused.map(({ code }) => code))].join(', ');
          throw new MillraceError('apply_refused', `Nothing was done: ${codes}.`);
        }
        const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
        const kafka = addressOf(settings);
        const work = { ...cluster, claim, kafka, reach, tell, ...toldBy(settings) };
        for (const step of steps) {
          onStep(step);
          await perform(step, work);
        }
        if (steps.length > 0) await admin.trim(topic.name, await claim.renewAll());
        return steps.length;
      } finally {
        await claim
          .release()
          .catch((error: unknown) =>
            tell(`the right to apply is not given back: ${String(error)}`),
          );
      }
    } finally {
      await journal.close();
    }
  });
}

const toldBy = ({ sqlGatewayUrl, savepoints, cluster }: ClusterSettings) => ({
  sqlGateway: sqlGatewayUrl,
  ...(savepoints === '' ? {} : { savepoints }),
  ...(cluster === '' ? {} : { storeCluster: { name: cluster } }),
});

/** What earlier applies kept; nothing where there was none. */
export async function whatWasApplied(
  plan: Plan,
  settings: ClusterSettings,
  admin: TopicAdmin,
): Promise<ReturnType<typeof appliedIn>> {
  const { applied: topic } = topicNames(plan);
  if (!(await admin.look([topic])).has(topic)) return { applied: nothingApplied, holder: null };
  return appliedIn((await readAll({ ...addressOf(settings), topic })).map(placed));
}

/** @param cut up to where the store has the events, which a new version of a rollup is filled with. */
export async function desiredOf(
  settings: ClusterSettings,
  applied: Applied,
  resume: ApplyOptions['resume'],
  cut: readonly number[] | null,
): Promise<Desired> {
  const plan = planOf(await loadPipeline(settings.pipeline), knownTo(applied));
  const jobs = flinkJobs(plan, {
    bootstrapServers: settings.kafka.join(','),
    parallelism: settings.parallelism,
    partitions: settings.partitions,
    checkpointMs: settings.checkpointSeconds * 1_000,
    transactionTimeoutMs: settings.transactionTimeoutMinutes * 60_000,
    cuts: cutsOf(plan, applied, cut),
  });
  const unknown = Object.keys(resume).filter((name) => jobs.every((job) => job.name !== name));
  if (unknown.length > 0) {
    const names = jobs.map(({ name }) => name).join(', ');
    throw new MillraceError(
      'config_invalid',
      `--resume names ${unknown.join(', ')}; the jobs are ${names}.`,
    );
  }
  const topics = kafkaTopics(plan, settings);
  return { plan, topics, jobs, cut, onSeveralServers: settings.cluster !== '', resume };
}

const addressOf = ({ kafka }: ClusterSettings) => ({
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
