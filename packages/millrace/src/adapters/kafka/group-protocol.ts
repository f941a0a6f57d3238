import { Reader, Writer } from '@platformatic/kafka';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A process of a consumer group, and what it can take partitions of. */
export interface GroupMember {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/*
 * What members tell each other through the broker that looks after them, which passes it on.
 *
 * Source: https://github.com/apache/kafka/blob/trunk/clients/src/main/resources/common/message/ConsumerProtocolSubscription.json,
 * and ConsumerProtocolAssignment.json beside it.
 */
const version = 0;
const noUserData = Buffer.alloc(0);
const emptyBytesMax = 2;

export const subscription = (topics: readonly string[]): Buffer =>
  Writer.create()
    .appendInt16(version)
    .appendArray([...topics], (w, topic) => w.appendString(topic, false), false, false)
    .appendBytes(noUserData, false).buffer;

export function subscribedTopics(bytes: Buffer): readonly string[] {
  const reader = Reader.from(bytes);
  reader.readInt16();
  return reader.readArray((r) => r.readString(false), false, false);
}

export function assignment(partitions: readonly TopicPartition[]): Buffer {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of partitions)
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  return Writer.create()
    .appendInt16(version)
    .appendArray(
      [...byTopic],
      (w, [topic, each]) => {
        w.appendString(topic, false).appendArray(
          each,
          (p, one) => p.appendInt32(one),
          false,
          false,
        );
      },
      false,
      false,
    )
    .appendBytes(noUserData, false).buffer;
}

/** None, where the bytes are empty: the group has nothing for this member. */
export function assignedPartitions(bytes: Buffer): readonly TopicPartition[] {
  if (bytes.length <= emptyBytesMax) return [];
  const reader = Reader.from(bytes);
  reader.readInt16();
  const topics = reader.readArray(
    (r) => ({
      topic: r.readString(false),
      partitions: r.readArray((p) => p.readInt32(), false, false),
    }),
    false,
    false,
  );
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

/**
 * Deals partitions out in turn, each to a member that can take it. Whoever deals
 * comes to the same.
 *
 * @param partitions how many each topic has.
 */
export function dealPartitions(
  members: readonly GroupMember[],
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const dealt = new Map(members.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
  const inOrder = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  let turn = 0;
  for (const [topic, count] of partitions) {
    const takers = inOrder.filter(({ topics }) => topics.includes(topic));
    for (let partition = 0; partition < count && takers.length > 0; partition += 1) {
      const taker = takers[turn % takers.length];
      dealt.get(taker?.memberId ?? '')?.push({ topic, partition });
      turn += 1;
    }
  }
  return dealt;
}
