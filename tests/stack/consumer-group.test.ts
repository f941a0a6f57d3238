import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { Brokers } from '../../packages/millrace/src/adapters/kafka/brokers.ts';
import { ConsumerGroup } from '../../packages/millrace/src/adapters/kafka/consumer-group.ts';
import { TopicAdmin } from '../../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { freePort } from '../support/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-consumer-group-'));
const topic = 'events';
const groupId = 'readers';
const partitions = [0, 1, 2, 3, 4, 5];
const patient = { timeout: 120_000, interval: 100 };

let kafka: Kafka;
let addresses: readonly string[];
beforeAll(async () => {
  kafka = await startKafka({ folder, brokers: 3 });
  addresses = kafka.addresses.bootstrap.split(',');
  const admin = new TopicAdmin({ clientId: 'test', brokers: addresses });
  await admin.create({ name: topic, partitions: partitions.length, replication: 3, config: {} });
  await admin.close();
});
afterAll(async () => {
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('one that takes connections and answers nothing is not asked for ever', async () => {
  const port = await freePort();
  const hanging = createServer();
  await new Promise<void>((resolve) => hanging.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    hanging.close();
  });
  for (let n = 0; n < 3; n += 1) {
    const brokers = new Brokers(
      { clientId: 'test', brokers: [`127.0.0.1:${port}`, ...addresses] },
      1_000,
    );
    onTestFinished(() => brokers.close());
    const count = () => brokers.partitionsOf(topic).catch(() => null);
    await expect.poll(count, patient).toBe(partitions.length);
  }
});

test('a group outlives the broker that looks after it', async () => {
  const readers = [await joined(), await joined()];
  await shared(readers);
  const brokers = new Brokers({ clientId: 'test', brokers: addresses });
  onTestFinished(() => brokers.close());
  const { port } = await brokers.coordinatorOf(groupId);
  const dead = addresses.findIndex((address) => address.endsWith(`:${port}`));
  kafka.kill(`broker-${dead + 1}`, 'SIGKILL');
  // A newcomer would be given all, if the others were not known any more.
  // It gives up after a while, as a process does that is started again then.
  readers.push(await vi.waitFor(joined, patient));
  await shared(readers);
});

interface Reader {
  partitions: readonly number[];
}

async function joined(): Promise<Reader> {
  const reader: Reader = { partitions: [] };
  const group = await ConsumerGroup.join({
    ...{ clientId: 'test', brokers: addresses, groupId, topics: [topic], sessionTimeoutMs: 6_000 },
    onShare: async (share) => {
      reader.partitions = share.partitions.map(({ partition }) => partition);
    },
    onProblem: () => {},
  });
  onTestFinished(() => group.leave());
  return reader;
}

/** Each partition is one reader's, and they have as many. */
async function shared(readers: readonly Reader[]): Promise<void> {
  const found = () => ({
    sizes: readers.map((reader) => reader.partitions.length),
    all: readers.flatMap((reader) => reader.partitions).toSorted(),
  });
  const size = partitions.length / readers.length;
  await expect.poll(found, patient).toEqual({ sizes: readers.map(() => size), all: partitions });
}
