import { Brokers, type KafkaAddress } from '../../adapters/kafka/brokers.ts';
import type { Membership } from '../../adapters/kafka/group-place.ts';
import { groupProgress } from '../../adapters/kafka/group-progress.ts';
import { PartitionReader } from '../../adapters/kafka/partition-reader.ts';
import { Gate, type GateOptions } from '../../gate/gate.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface GatePartitionOptions extends Omit<GateOptions, 'reader' | 'progress' | 'onRetry'> {
  readonly kafka: KafkaAddress;
  readonly membership: Membership;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Lets in one partition of a topic. */
export function gatePartition(options: GatePartitionOptions): OwnedPartition {
  const { kafka, membership, onProblem, ...others } = options;
  const { topic, partition } = others;
  return new OwnedPartition({
    ...{ topic, partition, done: 'let in', onProblem },
    async work(run) {
      const brokers = new Brokers(kafka);
      try {
        const isPassedOver = (): boolean => false;
        const reader = await PartitionReader.open({ ...kafka, topic, partition, isPassedOver });
        try {
          const place = { brokers, membership, topic, partition, start: reader.start };
          const progress = groupProgress(place);
          await run(new Gate({ ...others, reader, progress, onRetry: onProblem }));
        } finally {
          await reader.close();
        }
      } finally {
        await brokers.close();
      }
    },
  });
}
