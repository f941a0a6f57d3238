import { openClickHouseStore } from '../../adapters/clickhouse/clickhouse-store.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { topicHeartbeats } from '../../adapters/kafka/topic-heartbeats.ts';
import { TopicOffsets } from '../../adapters/kafka/topic-offsets.ts';
import { openTopicWriter } from '../../adapters/kafka/topic-writer.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { partsRemembered } from '../../compile/clickhouse/table-settings.ts';
import { deltasTopicName, resultsTopicName, topicNames } from '../../compile/kafka/topics.ts';
import type { RefusedRow } from '../../load/loader.ts';
import { planOf } from '../../plan/plan-of.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { database } from '../database.ts';
import { keepRefusedRow } from '../keep-refused-row.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { distributedTables } from './distributed-tables.ts';
import { loaderGroup } from './group-names.ts';
import { Heart } from './heart.ts';
import { type LoadingPartitionOptions, loadingPartition } from './loading-partition.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runWorkingRole } from './run-role.ts';
import { sharePartitions } from './shared-partitions.ts';

/** Where the records of a topic go, and those that the store will not have. */
type Way = Pick<LoadingPartitionOptions, 'table' | 'refuse'>;

/** To pass what was computed would be to lose it: its partition waits until somebody has looked. */
const stopAt =
  (name: string): Way['refuse'] =>
  ({ offset, reason }) =>
    Promise.reject(new Error(`${name} does not take record ${offset}: ${reason}`));

/**
 * Brings the clean log, the dead letters, the deltas of rollups and the results of
 * windows from Kafka into the store, each record once. Any number of these may run: the partitions are shared among
 * them, and go to the others when one dies. With a partition of the clean log goes to write
 * its heartbeats.
 *
 * @throws MillraceError `port_in_use`, `pipeline_not_found`, `pipeline_invalid`; StoreError.
 */
export async function serveLoader(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  const plan = planOf(await loadPipeline(settings.pipeline));
  const topics = topicNames(plan);
  const kafka: KafkaAddress = {
    brokers: settings.kafka,
    clientId: `millrace-loader-${process.pid}`,
  };
  const store = await openClickHouseStore({
    url: settings.storeUrl,
    username: settings.storeUser,
    password: settings.storePassword,
    database,
    partitionsPerInsertMax: plan.partitioning.partsPerInsertMax,
  });
  const deadLetters = openTopicWriter({ ...kafka, clock: systemClock, topic: topics.deadLetters });
  const tables = distributedTables(plan);
  const ways = new Map<string, Way>([
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
    ...tables.deltas.map(({ rollup, table }): [string, Way] => [
      deltasTopicName(rollup, plan),
      { table, refuse: stopAt(rollup.name) },
    ]),
    ...tables.results.map(({ window, table }): [string, Way] => [
      resultsTopicName(window, plan),
      { table, refuse: stopAt(window.name) },
    ]),
  ]);
  const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
  const partitions = await sharePartitions({
    ...kafka,
    groupId: loaderGroup(plan),
    topics: [...ways.keys()],
    own(place) {
      const way = ways.get(place.topic);
      if (way === undefined)
        throw new Error(`the group has a topic ${place.topic} that is not ours`);
      return loadingPartition({
        ...{ ...place, ...way, kafka, store, clock: systemClock, reach, onProblem },
        partsRemembered: partsRemembered(plan.partitioning),
      });
    },
    onProblem,
  });
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
  const close = async (): Promise<void> => {
    await heart.stop();
    await partitions.leave();
    await deadLetters.close();
    await store.close();
  };
  return runWorkingRole(settings, notReady, close);
}
