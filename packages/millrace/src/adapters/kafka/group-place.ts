import { offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import type { Brokers } from './brokers.ts';

/** One member of a consumer group in one of its generations. */
export interface Membership {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
}

export interface GroupPlaceOptions {
  readonly brokers: Brokers;
  readonly membership: Membership;
  readonly topic: string;
  readonly partition: number;
}

/** What a group has committed of one partition. */
export interface Committed {
  readonly offset: number;
  readonly metadata: string;
}

/**
 * What a consumer group has committed of one partition: an offset, and beside it
 * metadata of at most 4096 bytes (the brokers' `offset.metadata.max.bytes`).
 *
 * Kafka refuses a commit under an older generation, so whoever lost the
 * partition can change nothing of it any more. The library's own commit writes
 * no metadata, and after a rejoin repeats a commit under the new generation,
 * which would undo that: the requests are made here.
 */
export class GroupPlace {
  readonly #options: GroupPlaceOptions;

  constructor(options: GroupPlaceOptions) {
    this.#options = options;
  }

  /** Null if nothing was. */
  async read(): Promise<Committed | null> {
    const { brokers, membership, topic, partition } = this.#options;
    const { groupId } = membership;
    const topics = [{ name: topic, partitionIndexes: [partition] }];
    const groups = [{ groupId, memberEpoch: -1, topics }];
    const answer = await brokers.atCoordinator(groupId, (connection) =>
      offsetFetchV9.api.async(connection, groups, true),
    );
    const found = answer.groups[0]?.topics[0]?.partitions[0];
    if (found === undefined || found.committedOffset < 0n) return null;
    return { offset: Number(found.committedOffset), metadata: found.metadata ?? '' };
  }

  /** Rejects if the partition is another's by now. */
  async commit({ offset, metadata }: Committed): Promise<void> {
    const { brokers, membership, topic, partition } = this.#options;
    const { groupId, generationId, memberId } = membership;
    const place = {
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    };
    const topics = [{ name: topic, partitions: [place] }];
    await brokers.atCoordinator(groupId, (connection) =>
      offsetCommitV9.api.async(connection, groupId, generationId, memberId, null, topics),
    );
  }
}
