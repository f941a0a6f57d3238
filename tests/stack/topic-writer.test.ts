import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  openTopicWriter,
  type TopicWriter,
} from '../../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { systemClock } from '../../packages/millrace/src/adapters/system-clock.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { readUntil } from '../support/kafka-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-topic-writer-'));

let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await startKafka({ folder });
  admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.addresses.bootstrap] });
});
afterAll(async () => {
  await admin.close();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(topic: string): TopicWriter {
  const writer = openTopicWriter({
    brokers: [kafka.addresses.bootstrap],
    clientId: 'test',
    clock: systemClock,
    topic,
  });
  onTestFinished(() => writer.close());
  return writer;
}

const records = (...keys: string[]) => keys.map((key) => ({ key, value: `"${key}"` }));

/** As often as a busy machine needs. */
const written = (writer: TopicWriter, ...keys: string[]): Promise<void> => {
  const appended = async () => (await writer.append(records(...keys)).catch(() => null))?.appended;
  return expect.poll(appended, { timeout: 60_000 }).toBe(keys.length);
};

test('what follows a request that nobody answered is not taken for its repeat', async () => {
  const topic = 'unanswered';
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  const writer = open(topic);
  await written(writer, 'first');

  await kafka.pause('broker-1');
  const began = performance.now();
  const outcome = await writer.append(records('a', 'b')).catch((error: unknown) => error);
  const waitedMs = performance.now() - began;
  kafka.resume('broker-1');
  expect(outcome).toMatchObject({ code: 'log_unavailable' });
  expect(waitedMs).toBeGreaterThan(1_500);
  expect(waitedMs).toBeLessThan(6_000);

  // As many as were sent before, which the broker finds in its buffer and takes.
  await written(writer, 'c', 'd');
  await written(open(topic), 'last');
  const values = await readUntil(kafka.addresses.bootstrap, topic, (all) => all.includes('"last"'));
  expect(values).toEqual(expect.arrayContaining(['"first"', '"c"', '"d"']));
});

test('what is too large for one request goes in several', async () => {
  const topic = 'narrow';
  const configs = [{ name: 'max.message.bytes', value: '20000' }];
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1, configs });
  const writer = open(topic);
  await written(writer, 'first');
  // Nothing that compresses.
  const value = (): string => randomBytes(1_500).toString('base64');
  const large = Array.from({ length: 200 }, (_, n) => ({ key: `k${n}`, value: value() }));
  expect(await writer.append(large)).toEqual({ appended: 200, duplicates: 0 });
  expect(await writer.append(large.slice(0, 50))).toMatchObject({ appended: 50 });
  const expected = new Set(large.map((each) => each.value));
  const seen = new Set<string>();
  await readUntil(kafka.addresses.bootstrap, topic, (all) => {
    seen.add(all.at(-1) ?? '');
    return [...expected].every((each) => seen.has(each));
  });

  const alone = [{ key: 'k', value: randomBytes(30_000).toString('base64') }];
  await expect(writer.append(alone)).rejects.toMatchObject({ code: 'log_unavailable' });
});
