import { openClickHouseStore } from '../../adapters/clickhouse/clickhouse-store.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { topicHeartbeats } from '../../adapters/kafka/topic-heartbeats.ts';
import { TopicOffsets } from '../../adapters/kafka/topic-offsets.ts';
import { openTopicWriter } from '../../adapters/kafka/topic-writer.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { partsRemembered } from '../../compile/clickhouse/table-settings.ts';
import { deltasTopicName, resultsTopicName, topicNames } from '../../compile/kafka/topics.ts';
import type { RefusedRow } from '../../load/loader.ts';
import type { Plan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { database } from '../database.ts';
import { keepRefusedRow } from '../keep-refused-row.ts';
import { loadPipeline } from '../load-pipeline.ts';
import type { Applied } from './apply/applied.ts';
import { loadedIn } from './apply/loaded-in.ts';
import { distributedTables } from './distributed-tables.ts';
import { loaderGroup } from './group-names.ts';
import { Heart } from './heart.ts';
import { type LoadingPartitionOptions, loadingPartition } from './loading-partition.ts';
import { RejoiningPartitions } from './rejoining-partitions.ts';
import { requireApplied } from './require-applied.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runWorkingRole } from './run-role.ts';
import { type SharedPartitions, sharePartitions } from './shared-partitions.ts';

/** Where the records of a topic go, and those that the store will not have. */
type Way = Pick<LoadingPartitionOptions, 'table' | 'refuse'>;

/** To pass what was computed would be to lose it: its partition waits until somebody has looked. */
const stopAt =
  (name: string): Way['refuse'] =>
  ({ offset, reason }) =>
    Promise.reject(new Error(`${name} does not take record ${offset}: ${reason}`));

/** Those of what Flink computes. */
const computedWays = (
  versions: Pick<Plan, 'rollups' | 'windows'>,
  plan: Plan,
): readonly [string, Way][] => {
  const { deltas, results } = distributedTables({ ...plan, ...versions });
  return [
    ...deltas.map(({ rollup, table }): [string, Way] => [
      deltasTopicName(rollup, plan),
      { table, refuse: stopAt(rollup.name) },
    ]),
    ...results.map(({ window, table }): [string, Way] => [
      resultsTopicName(window, plan),
      { table, refuse: stopAt(window.name) },
    ]),
  ];
};

/**
 * Brings the clean log, the dead letters, the deltas of rollups and the results of
 * windows from Kafka into the store, each record once. Any number of these may
 * run: the partitions are shared among them, and go to the others when one dies.
 * Which versions of rollups and windows there are is what was applied, now and later. With a
 * partition of the clean log goes to write its heartbeats.
 *
 * @throws MillraceError `port_in_use`, `pipeline_not_found`, `pipeline_invalid`,
 *   `log_unavailable`; StoreError.
 */
export async function serveLoader(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  const definition = await loadPipeline(settings.pipeline);
  const topics = topicNames(planOf(definition));
  const kafka: KafkaAddress = {
    brokers: settings.kafka,
    clientId: `millrace-loader-${process.pid}`,
  };
  const { watch, applied, plan } = await requireApplied(definition, kafka, onProblem);
  const store = await openClickHouseStore({
    url: settings.storeUrl,
    username: settings.storeUser,
    password: settings.storePassword,
    database,
    partitionsPerInsertMax: plan.partitioning.partsPerInsertMax,
  }).catch(async (error: unknown) => {
    await watch.stop();
    throw error;
  });
  const deadLetters = openTopicWriter({ ...kafka, clock: systemClock, topic: topics.deadLetters });
  const tables = distributedTables(plan);
  const others = new Map<string, Way>([
    [
      topics.clean,
      {
        table: tables.events,
        refuse: (row: RefusedRow) => keepRefusedRow(row, deadLetters, systemClock),
      },
    ],
    [
      topics.deadLetters,
      {
        table: tables.deadLetters,
        refuse: async ({ offset, reason }: RefusedRow) =>
          onProblem(`dead letter ${offset} stays in its topic alone`, reason),
      },
    ],
  ]);
  const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
  const partitions = new RejoiningPartitions();
  const share = (ways: ReadonlyMap<string, Way>): Promise<SharedPartitions> =>
    sharePartitions({
      ...{ ...kafka, groupId: loaderGroup(plan), topics: [...ways.keys()], onProblem },
      own(place) {
        const way = ways.get(place.topic);
        if (way === undefined)
          throw new Error(`the group has a topic ${place.topic} that is not ours`);
        return loadingPartition({
          ...{ ...place, ...way, kafka, store, clock: systemClock, reach, onProblem },
          partsRemembered: partsRemembered(plan.partitioning),
        });
      },
    });
  const load = (now: Applied): Promise<void> => {
    const versions = now.plan === null ? plan : loadedIn(now);
    const ways = new Map([...others, ...computedWays(versions, plan)]);
    return partitions.share([...ways.keys()], () => share(ways));
  };
  const close = async (): Promise<void> => {
    await watch.stop();
    await partitions.leave();
    await deadLetters.close();
    await store.close();
  };
  await load(applied).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  watch.start(load);
  const heart = new Heart({
    plan,
    offsets: new TopicOffsets(kafka),
    heartbeats: topicHeartbeats(kafka),
    partitions: () => partitions.partitionsOf(topics.clean),
    clock: systemClock,
    onProblem,
  });
  const notReady = (): string | null =>
    partitions.failing ? 'records do not get into the store' : null;
  return runWorkingRole(settings, notReady, async () => {
    await heart.stop();
    await close();
  });
}
