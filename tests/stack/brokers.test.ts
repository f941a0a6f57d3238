import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { Brokers } from '../../packages/millrace/src/adapters/kafka/brokers.ts';
import { ConsumerGroup } from '../../packages/millrace/src/adapters/kafka/consumer-group.ts';
import { TopicAdmin } from '../../packages/millrace/src/adapters/kafka/topic-admin.ts';
import { openTopicWriter } from '../../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { freePort } from '../../tools/stack/ports.ts';
import { makeTopics } from '../support/cluster.ts';
import { onlineRetail } from '../support/conformance/real-files.ts';
import { runImport } from '../support/import-process.ts';
import { readUntil } from '../support/kafka-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-brokers-'));
const topic = 'events';
const groupId = 'readers';
const partitions = [0, 1, 2, 3, 4, 5];
/** Of a file: some chunks. */
const rows = 20_000;
const patient = { timeout: 120_000, interval: 100 };

let kafka: Kafka;
let addresses: readonly string[];
beforeAll(async () => {
  kafka = await startKafka({ folder, brokers: 3 });
  addresses = kafka.addresses.bootstrap.split(',');
  const admin = new TopicAdmin({ clientId: 'test', brokers: addresses });
  await admin.create({ name: topic, partitions: partitions.length, replication: 3, config: {} });
  await admin.close();
  await makeTopics(kafka.addresses.bootstrap, planOf(onlineRetail.definition), 1, 3);
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
  kill(await brokers.coordinatorOf(groupId));
  // A newcomer would be given all, if the others were not known any more.
  // It gives up after a while, as a process does that is started again then.
  readers.push(await vi.waitFor(joined, patient));
  await shared(readers);
});

test('an import goes on when a broker of it dies, and each row is there once', {
  timeout: 600_000,
}, async () => {
  const { definition, config, mapping, text, events } = onlineRetail;
  const { raw } = topicNames(planOf(definition));
  const file = join(folder, 'rows.csv');
  writeFileSync(file, text(rows));
  const brokers = new Brokers({ clientId: 'test', brokers: addresses });
  onTestFinished(() => brokers.close());
  const { connection: leader } = await vi.waitFor(() => brokers.leaderOf(raw, 0), patient);
  let isDead = false;
  const { code, stdout } = await runImport({
    ...{ file, mapping, pipeline: config, data: join(folder, 'nobody') },
    flags: ['--kafka', kafka.addresses.bootstrap],
    interruptWhen: (progress) => {
      if (!isDead && progress.includes(',000 rows')) {
        isDead = true;
        kill(leader);
      }
      return false;
    },
  });
  expect({ code, stdout, isDead }).toMatchObject({ code: 0, isDead: true });
  const writer = openTopicWriter({
    ...{ clientId: 'test', brokers: addresses, topic: raw, clock: { now: () => Date.now() } },
    sendMsMax: 30_000,
  });
  onTestFinished(() => writer.close());
  const end = '"end"';
  await vi.waitFor(() => writer.append([{ key: 'end', value: end }]), patient);
  const values = await readUntil(kafka.addresses.bootstrap, raw, (all) => all.includes(end));
  const ids = values.slice(0, -1).map((value) => JSON.parse(value).event_id);
  const wanted = new Set(events(rows).map(({ event_id }) => event_id));
  expect(ids.toSorted()).toEqual([...wanted].sort());
});

/** Until the test is over. */
function kill({ port }: { readonly port: number | undefined }): void {
  const dead = addresses.findIndex((address) => address.endsWith(`:${port}`));
  const name = `broker-${dead + 1}`;
  kafka.kill(name, 'SIGKILL');
  onTestFinished(() => kafka.restart(name));
}

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
