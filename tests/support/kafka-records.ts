import { randomUUID } from 'node:crypto';
import {
  Consumer,
  FetchIsolationLevels,
  MessagesStreamModes,
  stringDeserializers,
} from '@platformatic/kafka';

/** The committed values of a topic from its beginning, until they are enough. */
export async function readUntil(
  bootstrap: string,
  topic: string,
  enough: (values: readonly string[]) => boolean,
): Promise<readonly string[]> {
  const consumer = new Consumer({
    clientId: 'test',
    groupId: randomUUID(),
    bootstrapBrokers: bootstrap.split(','),
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    autocommit: false,
  });
  const values: string[] = [];
  try {
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
    for await (const { value } of stream) {
      values.push(value);
      if (enough(values)) break;
    }
  } finally {
    await consumer.close(true);
  }
  return values;
}
