import { offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import type { LoadProgress, ProgressKeeper } from '../../ports/progress.ts';
import type { Brokers } from './brokers.ts';
import { intentsIn, metadataOf } from './intent-metadata.ts';

/** One member of a consumer group in one of its generations. */
export interface Membership {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
}

export interface GroupProgressOptions {
  readonly brokers: Brokers;
  readonly membership: Membership;
  readonly topic: string;
  readonly partition: number;
  /** Where to begin when the group has committed nothing yet. */
  readonly start: number;
}

/**
 * How far a consumer group is with one partition: its committed offset, and
 * beside it, as the commit's metadata, the ranges that were begun.
 *
 * Kafka refuses a commit under an older generation, so whoever lost the
 * partition can change nothing of it any more. The library's own commit writes
 * no metadata, and after a rejoin repeats a commit under the new generation,
 * which would undo that: the requests are made here.
 */
export function groupProgress(options: GroupProgressOptions): ProgressKeeper {
  const { brokers, membership, topic, partition, start } = options;
  const { groupId, generationId, memberId } = membership;
  const fetch = async (): Promise<LoadProgress> => {
    const topics = [{ name: topic, partitionIndexes: [partition] }];
    const groups = [{ groupId, memberEpoch: -1, topics }];
    const answer = await brokers.atCoordinator(groupId, (connection) =>
      offsetFetchV9.api.async(connection, groups, true),
    );
    const found = answer.groups[0]?.topics[0]?.partitions[0];
    if (found === undefined || found.committedOffset < 0n) return { committed: start, intents: [] };
    return { committed: Number(found.committedOffset), intents: intentsIn(found.metadata) };
  };
  const save = async ({ committed, intents }: LoadProgress): Promise<void> => {
    const place = {
      partitionIndex: partition,
      committedOffset: BigInt(committed),
      committedLeaderEpoch: -1,
      committedMetadata: metadataOf(intents),
    };
    const topics = [{ name: topic, partitions: [place] }];
    await brokers.atCoordinator(groupId, (connection) =>
      offsetCommitV9.api.async(connection, groupId, generationId, memberId, null, topics),
    );
  };
  return {
    async read() {
      const progress = await fetch();
      // Who lost the partition is told how far it is all the same, by then of the work of
      // another, who may not know of an intent whose commit got no answer. It is not ours
      // to insert: a commit says so.
      await save(progress);
      return progress;
    },
    save,
  };
}
