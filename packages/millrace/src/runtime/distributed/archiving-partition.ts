import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Archiver, type ArchiverOptions } from '../../archive/archiver.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface ArchivingPartitionOptions
  extends Omit<ArchiverOptions, 'log' | 'look' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly topic: string;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Archives one partition of a topic. */
export function archivingPartition(options: ArchivingPartitionOptions): OwnedPartition {
  const { kafka, topic, onProblem, ...others } = options;
  const { partition } = others;
  return new OwnedPartition({
    ...{ topic, partition, done: 'archived', onProblem },
    async work(run) {
      const log = await PartitionReader.open({ ...kafka, topic, partition });
      try {
        const look = (): Promise<void> => log.look();
        await run(new Archiver({ ...others, log, look, onRetry: onProblem }));
      } finally {
        await log.close();
      }
    },
  });
}
