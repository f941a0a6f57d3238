import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin, initProducerIdV4 } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Brokers } from '../../packages/millrace/src/adapters/kafka/brokers.ts';
import { sendBatches } from '../../packages/millrace/src/adapters/kafka/produce-request.ts';
import {
  batchRecords,
  recordBatch,
} from '../../packages/millrace/src/adapters/kafka/record-batch.ts';
import {
  openTopicWriter,
  type TopicWriter,
} from '../../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { systemClock } from '../../packages/millrace/src/adapters/system-clock.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readUntil } from '../support/kafka-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-topic-writer-'));

let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await startKafka({ folder });
  admin = new Admin(kafkaClient(kafka.addresses.bootstrap));
});
afterAll(async () => {
  await admin.close();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(topic: string, options: { readonly sendMsMax?: number } = {}): TopicWriter {
  const writer = openTopicWriter({
    ...options,
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
  return expect.poll(appended).toBe(keys.length);
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
  expect(waitedMs).toBeLessThan(20_000);

  // As many as were sent before, which the broker finds in its buffer and takes.
  await written(writer, 'c', 'd');
  await written(open(topic), 'last');
  const values = await readUntil(kafka.addresses.bootstrap, topic, (all) => all.includes('"last"'));
  expect(values).toEqual(expect.arrayContaining(['"first"', '"c"', '"d"']));
});

test('a broker knows a batch that comes again', async () => {
  const topic = 'repeated';
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  const brokers = new Brokers({ brokers: [kafka.addresses.bootstrap], clientId: 'test' });
  onTestFinished(() => brokers.close());
  const { connection } = await brokers.leaderOf(topic, 0);
  const identity = await initProducerIdV4.api.async(connection, null, 0, -1n, -1);
  const send = async (sequence: number, ...keys: string[]) => {
    const bytes = recordBatch(
      batchRecords(records(...keys), 'lz4'),
      { ...identity, sequence },
      Date.now(),
    );
    const batches = [{ partition: 0, bytes }];
    const request = { topic, transactionalId: null, batches, timeoutMs: 10_000 };
    return (await sendBatches(connection, request)).get(0);
  };
  expect(await send(0, 'a', 'b')).toBe('NONE');
  expect(await send(0, 'a', 'b')).toBe('NONE');
  expect(await send(2, 'c')).toBe('NONE');
  expect(await send(2, 'c')).toBe('NONE');
  expect(await send(4, 'd')).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect(await send(3, 'e')).toBe('NONE');
  const values = await readUntil(kafka.addresses.bootstrap, topic, (all) => all.includes('"e"'));
  expect(values).toEqual(['"a"', '"b"', '"c"', '"e"']);
});

test('what was sent while the broker died is in the topic, once and in order', async () => {
  const topic = 'died';
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
  const writer = open(topic, { sendMsMax: 60_000 });
  const keys = ['a', 'b', 'c', 'd', 'e'];
  let groups = 0;
  let kills = 0;
  const sending = (async () => {
    for (; kills < 3; groups += 1) {
      const group = keys.map((key) => ({ key, value: `${key}${groups}` }));
      await writer.append(group);
    }
  })();
  for (; kills < 3; kills += 1) {
    const enough = groups + 100;
    await expect.poll(() => groups, { timeout: 60_000, interval: 1 }).toBeGreaterThan(enough);
    await kafka.restart('broker-1');
  }
  await sending;

  await written(writer, ...keys);
  const isLast = (value: string): boolean => value.startsWith('"');
  const values = await readUntil(
    kafka.addresses.bootstrap,
    topic,
    (all) => all.filter(isLast).length === keys.length,
  );
  for (const key of keys) {
    const expected = Array.from({ length: groups }, (_, n) => `${key}${n}`);
    expect(values.filter((value) => value.startsWith(key))).toEqual(expected);
  }
});

test('what is too large for one request goes in several', async () => {
  const topic = 'narrow';
  const configs = [{ name: 'max.message.bytes', value: '20000' }];
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1, configs });
  const writer = open(topic, { sendMsMax: 60_000 });
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
  await expect(open(topic).append(alone)).rejects.toMatchObject({ code: 'log_unavailable' });
});
