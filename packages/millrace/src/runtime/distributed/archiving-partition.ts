import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Archiver, type ArchiverOptions } from '../../archive/archiver.ts';
import type { Compactor } from '../../archive/compactor.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface ArchivingPartitionOptions
  extends Omit<ArchiverOptions, 'log' | 'look' | 'compactor' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly topic: string;
  /** What puts objects of the partition together; null for nothing. */
  readonly compactorOf: (partition: number) => Compactor | null;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Archives one partition of a topic. */
export function archivingPartition(options: ArchivingPartitionOptions): OwnedPartition {
  const { kafka, topic, compactorOf, onProblem, ...others } = options;
  const { partition } = others;
  return new OwnedPartition({
    ...{ topic, partition, done: 'archived', onProblem },
    async work(run) {
      const log = await PartitionReader.open({ ...kafka, topic, partition });
      try {
        const look = (): Promise<void> => log.look();
        const compactor = compactorOf(partition);
        await run(new Archiver({ ...others, log, look, compactor, onRetry: onProblem }));
      } finally {
        await log.close();
      }
    },
  });
}
