import {
  offsetCommitV9,
  offsetFetchV9,
  ProduceAcks,
  Producer,
  stringSerializers,
} from '@platformatic/kafka';
import { type Heartbeats, heartbeatKey } from '../../ports/heartbeats.ts';
import { anyFirst } from './any-first.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';

/** Longer is of no use: by then there is a newer one. */
const sendMsMax = 2_000;

/** Whose commits are behind the newest, with what it says as their metadata: its members are nobody. */
export const heartbeatGroup = (topic: string): string => `${topic}.heartbeats`;
const noGeneration = -1;
const nobody = '';

/**
 * Heartbeats in topics. They are in no transaction, so readers of committed
 * records see them in their order too. The newest of a partition is the metadata of
 * a commit as well, so that it can be had without reading the topic.
 */
export function topicHeartbeats(address: KafkaAddress): Heartbeats {
  const brokers = new Brokers(address);
  let producer: Producer<string, string, string, string> | undefined;
  const open = () =>
    new Producer({
      clientId: address.clientId,
      bootstrapBrokers: anyFirst(address.brokers),
      acks: ProduceAcks.ALL,
      // With less the library takes it to be without end.
      retries: 2,
      retryDelay: 100,
      connectTimeout: sendMsMax,
      requestTimeout: sendMsMax,
      timeout: sendMsMax,
      serializers: stringSerializers,
    });
  return {
    async write(topic, partitions, value) {
      producer ??= open();
      try {
        const { offsets = [] } = await producer.send({
          messages: partitions.map((partition) => ({ topic, partition, key: heartbeatKey, value })),
        });
        const written = offsets.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset + 1n,
          committedLeaderEpoch: -1,
          committedMetadata: value,
        }));
        const group = heartbeatGroup(topic);
        await brokers.atCoordinator(group, (connection) =>
          offsetCommitV9.api.async(connection, group, noGeneration, nobody, null, [
            { name: topic, partitions: written },
          ]),
        );
      } catch (error) {
        const failed = producer;
        producer = undefined;
        // Its connections may never end well; nothing depends on how they do.
        failed.close().catch(() => {});
        throw error;
      }
    },
    async newest(topic) {
      const count = await brokers.partitionsOf(topic);
      const groupId = heartbeatGroup(topic);
      const topics = [{ name: topic, partitionIndexes: [...Array(count).keys()] }];
      const answer = await brokers.atCoordinator(groupId, (connection) =>
        offsetFetchV9.api.async(connection, [{ groupId, memberEpoch: -1, topics }], true),
      );
      const found = answer.groups[0]?.topics[0]?.partitions ?? [];
      return (
        topics[0]?.partitionIndexes.map((partition) => {
          const one = found.find(({ partitionIndex }) => partitionIndex === partition);
          return one?.metadata || null;
        }) ?? []
      );
    },
    async close() {
      await producer?.close();
      await brokers.close();
    },
  };
}
