import { randomUUID } from 'node:crypto';
import {
  Consumer,
  FetchIsolationLevels,
  MessagesStreamModes,
  stringDeserializers,
} from '@platformatic/kafka';
import { kafkaClient } from './kafka-client.ts';

/** The committed values of a topic from its beginning, until they are enough. */
export async function readUntil(
  bootstrap: string,
  topic: string,
  enough: (values: readonly string[]) => boolean,
): Promise<readonly string[]> {
  const values: string[] = [];
  await readRecordsUntil(bootstrap, topic, ({ value }) => {
    values.push(value);
    return enough(values);
  });
  return values;
}

export interface TopicRecord {
  readonly value: string;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly headers: { readonly [name: string]: string };
}

/** The committed records of a topic from its beginning, until one is the last. */
export async function readRecordsUntil(
  bootstrap: string,
  topic: string,
  isLast: (record: TopicRecord) => boolean,
): Promise<readonly TopicRecord[]> {
  const consumer = new Consumer({
    ...kafkaClient(bootstrap),
    groupId: randomUUID(),
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    autocommit: false,
  });
  const records: TopicRecord[] = [];
  try {
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
    for await (const { value, timestamp, headers } of stream) {
      const record = { value, timestamp: Number(timestamp), headers: Object.fromEntries(headers) };
      records.push(record);
      if (isLast(record)) break;
    }
  } finally {
    await consumer.close(true);
  }
  return records;
}
