import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import type { CanonicalEvent } from '../../packages/millrace/src/compile/clickhouse/naive.suite.ts';
import { kafkaClient } from './kafka-client.ts';

/** Writes events into a clean log, as the dedup job does: by id, in canonical form. */
export async function writeClean(
  bootstrap: string,
  topic: string,
  events: readonly CanonicalEvent[],
): Promise<void> {
  const producer = new Producer({
    ...kafkaClient(bootstrap),
    serializers: stringSerializers,
    acks: ProduceAcks.ALL,
  });
  try {
    await producer.send({
      messages: events.map((event) => ({
        topic,
        key: event.event_id,
        value: JSON.stringify(event),
      })),
    });
  } finally {
    await producer.close();
  }
}
