import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Archiver, type ArchiverOptions } from '../../archive/archiver.ts';
import type { Compactor } from '../../archive/compactor.ts';
import { forgetfulLog } from '../../forget/forgetful-log.ts';
import type { OffsetSet } from '../../forget/offset-set.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface ArchivingPartitionOptions
  extends Omit<ArchiverOptions, 'log' | 'look' | 'compactor' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly topic: string;
  /** What puts objects of the partition together; null for nothing. */
  readonly compactorOf: (partition: number) => Compactor | null;
  /** Events that are not to get there. */
  readonly forgotten: () => OffsetSet;
  /** Told of what archives it, before that starts. */
  readonly onArchiver: (archiver: Archiver) => void;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Archives one partition of a topic. */
export function archivingPartition(options: ArchivingPartitionOptions): OwnedPartition {
  const { kafka, topic, compactorOf, forgotten, onArchiver, onProblem, ...others } = options;
  const { partition } = others;
  return new OwnedPartition({
    ...{ topic, partition, done: 'archived', onProblem },
    async work(run) {
      const reader = await PartitionReader.open({ ...kafka, topic, partition });
      try {
        const log = forgetfulLog(reader, forgotten);
        const look = (): Promise<void> => reader.look();
        const compactor = compactorOf(partition);
        const archiver = new Archiver({ ...others, log, look, compactor, onRetry: onProblem });
        onArchiver(archiver);
        await run(archiver);
      } finally {
        await reader.close();
      }
    },
  });
}
