import { expect, test } from 'vitest';
import { systemClock } from '../system-clock.ts';
import { openTopicWriter } from './topic-writer.ts';

test('what Kafka cannot be given is refused, to be sent again', async () => {
  const writer = openTopicWriter({
    brokers: ['127.0.0.1:1'],
    clientId: 'test',
    topic: 'raw',
    clock: systemClock,
    pendingBytesMax: 10,
  });
  const append = (value: string) => writer.append([{ key: 'a', value }]);
  const sending = append('{}');
  await expect(append('{"a":"longer"}')).rejects.toMatchObject({ code: 'log_overloaded' });
  await expect(sending).rejects.toMatchObject({ code: 'log_unavailable', status: 503 });
  await expect(append('{}')).rejects.toMatchObject({ code: 'log_unavailable' });
  await expect(append('{}\n{}')).rejects.toThrow('more than one line');
  await writer.close();
});
