import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Admin,
  ListOffsetTimestamps,
  ProduceAcks,
  Producer,
  stringSerializers,
} from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readUntil } from '../support/kafka-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'));
const topic = 'events';
const partitions = 3;

let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  kafka = await startKafka({ folder, brokers: 3 });
  admin = new Admin(kafkaClient(kafka.addresses.bootstrap));
});
afterAll(async () => {
  await admin.close();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a killed broker costs no acknowledged record, and comes back', async () => {
  await admin.createTopics({ topics: [topic], partitions, replicas: 3 });
  const producer = new Producer({
    ...kafkaClient(kafka.addresses.bootstrap),
    serializers: stringSerializers,
    acks: ProduceAcks.ALL,
    idempotent: true,
    retries: 3,
    retryDelay: 100,
  });
  const sent: string[] = [];
  const send = async (batches: number): Promise<void> => {
    for (let batch = 0; batch < batches; batch += 1) {
      const values = Array.from({ length: 100 }, (_, index) => String(sent.length + index));
      // A batch of one partition, so that what is sent again is what the broker may know.
      const partition = batch % partitions;
      const messages = values.map((value) => ({ topic, partition, value }));
      for (let tries = 0; !(await isAcknowledged(producer.send({ messages }))); tries += 1) {
        expect(tries).toBeLessThan(1_000);
        // The client does not ask by itself who leads now.
        producer.clearMetadata();
      }
      sent.push(...values);
    }
  };
  await send(20);
  kafka.kill('broker-1', 'SIGKILL');
  await send(20);
  await expect.poll(() => inSync(2)).toBe(true);
  await kafka.restart('broker-1');
  await send(20);
  await producer.close();

  const read = await readUntil(
    kafka.addresses.bootstrap,
    topic,
    (all) => all.length >= sent.length,
  );
  expect(read.toSorted()).toEqual(sent.toSorted());
  expect(await records()).toBe(sent.length);
  await expect.poll(() => inSync(3)).toBe(true);
});

const isAcknowledged = (sending: Promise<unknown>): Promise<boolean> =>
  sending.then(
    () => true,
    () => false,
  );

/** Whether each partition has this many replicas that hold all of it. */
async function inSync(replicas: number): Promise<boolean> {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
  const found = topics.get(topic)?.partitions ?? [];
  return found.length === partitions && found.every(({ isr }) => isr.length === replicas);
}

/** How many records the topic holds, those that nobody should have written included. */
async function records(): Promise<number> {
  const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: ListOffsetTimestamps.LATEST,
  }));
  const [ends] = await admin.listOffsets({ topics: [{ name: topic, partitions: wanted }] });
  return (ends?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0);
}
