import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { Brokers } from '../../adapters/kafka/brokers.ts';
import type { Membership } from '../../adapters/kafka/group-place.ts';
import { groupProgress } from '../../adapters/kafka/group-progress.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import type { LoadedTable } from '../../compile/clickhouse/ddl.ts';
import { InsertDeadlines } from '../../load/insert-deadlines.ts';
import { Loader, type RefusedRow } from '../../load/loader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReachCrashPoint } from '../../ports/crash-points.ts';
import type { Store } from '../../ports/store.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface LoadingPartitionOptions {
  readonly kafka: KafkaAddress;
  readonly membership: Membership;
  readonly topic: string;
  readonly partition: number;
  readonly store: Store;
  readonly table: LoadedTable;
  /** For how many parts the table remembers tokens. */
  readonly partsRemembered: number;
  readonly clock: Clock;
  readonly reach: ReachCrashPoint;
  readonly refuse: (row: RefusedRow) => Promise<void>;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Loads one partition of a topic. */
export function loadingPartition(options: LoadingPartitionOptions): OwnedPartition {
  const { kafka, membership, topic, partition, partsRemembered, ...others } = options;
  const { onProblem } = others;
  return new OwnedPartition({
    ...{ topic, partition, done: 'loaded', onProblem },
    async work(run) {
      const brokers = new Brokers(kafka);
      try {
        const log = await PartitionReader.open({ ...kafka, topic, partition });
        try {
          const place = { brokers, membership, topic, partition, start: log.start };
          const deadlines = new InsertDeadlines({
            store: others.store,
            table: others.table.name,
            partsRemembered,
            onDoubt: ({ from, to }) =>
              onProblem(
                `rollups may lack rows of ${topic}/${partition} ${from} to ${to}`,
                'they were stored so long ago that it is not known whether all of the insert was',
              ),
          });
          const loader = new Loader({
            ...others,
            deadlines,
            log,
            topic,
            partition,
            table: others.table.name,
            columns: others.table.insertColumns,
            progress: groupProgress(place),
            onRetry: (error, { from, to }) =>
              onProblem(`${topic}/${partition} ${from} to ${to} wait for the store`, error),
          });
          await loader.resume();
          await run(loader);
        } finally {
          await log.close();
        }
      } finally {
        await brokers.close();
      }
    },
  });
}
