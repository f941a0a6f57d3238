import {
  ConsumerGroup,
  type ConsumerGroupOptions,
  type Share,
} from '../../adapters/kafka/consumer-group.ts';
import type { Membership } from '../../adapters/kafka/group-place.ts';
import type { OwnedPartition } from './owned-partition.ts';

/** One partition, and what its progress is saved under. */
export interface PartitionPlace {
  readonly membership: Membership;
  readonly topic: string;
  readonly partition: number;
}

export interface SharedPartitionsOptions extends Omit<ConsumerGroupOptions, 'onShare'> {
  readonly own: (place: PartitionPlace) => OwnedPartition;
}

/** The partitions that are this process's now, of those that it shares with others. */
export interface SharedPartitions {
  /** Whether there is one in which nothing gets on. */
  readonly failing: boolean;
  partitionsOf(topic: string): readonly number[];
  /** Ends the work after what is under way, and gives the partitions to the others. */
  leave(): Promise<void>;
}

/** Shares the partitions of topics with the others of a group: they go to them when this process dies. */
export async function sharePartitions({
  own,
  ...options
}: SharedPartitionsOptions): Promise<SharedPartitions> {
  let owned: readonly OwnedPartition[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(owned.map((each) => each.stop()));
    owned = [];
  };
  const onShare = async ({ membership, partitions }: Share): Promise<void> => {
    await stopAll();
    owned = partitions.map((place) => own({ membership, ...place }));
  };
  const group = await ConsumerGroup.join({ ...options, onShare });
  return {
    get failing() {
      return owned.some(({ failing }) => failing !== null);
    },
    partitionsOf: (topic) =>
      owned.filter((each) => each.topic === topic).map(({ partition }) => partition),
    async leave() {
      await stopAll();
      await group.leave();
    },
  };
}
