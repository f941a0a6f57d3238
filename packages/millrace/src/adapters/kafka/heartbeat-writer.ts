import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { type Heartbeats, heartbeatKey } from '../../ports/heartbeats.ts';
import type { KafkaAddress } from './brokers.ts';

/** Longer is of no use: by then there is a newer one. */
const sendMsMax = 2_000;

/** Heartbeats in topics. They are in no transaction, so readers of committed records see them in their order too. */
export function openHeartbeats({ brokers, clientId }: KafkaAddress): Heartbeats {
  let producer: Producer<string, string, string, string> | undefined;
  const open = () =>
    new Producer({
      clientId,
      bootstrapBrokers: [...brokers],
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
        await producer.send({
          messages: partitions.map((partition) => ({ topic, partition, key: heartbeatKey, value })),
        });
      } catch (error) {
        const failed = producer;
        producer = undefined;
        // Its connections may never end well; nothing depends on how they do.
        failed.close().catch(() => {});
        throw error;
      }
    },
    async close() {
      await producer?.close();
    },
  };
}
