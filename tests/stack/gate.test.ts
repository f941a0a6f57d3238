import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin, ProduceAcks, Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { makeTopics, startRole } from '../support/cluster.ts';
import type { CommandProcess } from '../support/command-process.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readUntil } from '../support/kafka-records.ts';
import definition from '../support/ledger.config.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const topics = topicNames(plan);
const ingest = 'orders.of.others';
const folder = mkdtempSync(join(tmpdir(), 'millrace-gate-'));

let kafka: Kafka;
beforeAll(async () => {
  kafka = await startKafka({ folder });
  const { bootstrap } = kafka.addresses;
  await makeTopics(bootstrap, plan, 2);
  const admin = new Admin(kafkaClient(bootstrap));
  await admin.createTopics({ topics: [ingest], partitions: 2, replicas: 1 });
  await admin.close();
});
afterAll(async () => {
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (env: { readonly [name: string]: string } = {}): CommandProcess =>
  startRole('gate', {
    ...{ pipeline, kafka: kafka.addresses.bootstrap, env },
    args: ['--ingest-topic', ingest],
  });

const event = (more: object): string =>
  JSON.stringify({ type: 'view', properties: { product_id: 'p', price: '1.50' }, ...more });

test('a gate lets in what others write, under the same ids however often it is killed', async () => {
  const { bootstrap } = kafka.addresses;
  const producer = new Producer({ ...kafkaClient(bootstrap), acks: ProduceAcks.ALL });
  const written = [0, 0];
  const expected = new Set<string>();
  const write = async (partition: number, key: string, value: string): Promise<void> => {
    const message = { topic: ingest, partition, key: Buffer.from(key), value: Buffer.from(value) };
    await producer.send({ messages: [message] });
    written[partition] = (written[partition] ?? 0) + 1;
  };
  const writeSome = async (name: string): Promise<void> => {
    for (let n = 0; n < 50; n += 1) {
      const partition = n % 2;
      const hasId = n % 5 !== 0;
      const id = hasId ? `${name}-${n}` : `${ingest}/${partition}/${written[partition]}`;
      // Whatever key they have, and if it is one that means something elsewhere.
      await write(partition, n % 7 === 0 ? '\0' : name, event(hasId ? { event_id: id } : {}));
      expected.add(id);
    }
    await write(0, name, `{"broken ${name}`);
    await write(1, name, event({ type: `unknown ${name}` }));
  };

  for (const name of ['first', 'second']) {
    const dying = start({ MILLRACE_CRASH_AT: 'gate-let-in:1' });
    await writeSome(name);
    await dying.exited;
    expect(dying.errors).toContain('crash point gate-let-in reached');
  }
  const gates = [start(), start()];
  await Promise.all(gates.map((gate) => gate.url()));
  await writeSome('third');
  const idsOf = (lines: readonly string[]) =>
    new Set(lines.map((line): string => JSON.parse(line).event_id));
  const raw = await readUntil(bootstrap, topics.raw, (lines) => idsOf(lines).size >= expected.size);
  expect(idsOf(raw)).toEqual(expected);
  const rawOf = (line: string): string =>
    Buffer.from(JSON.parse(line).raw_base64, 'base64').toString();
  const letters = await readUntil(
    bootstrap,
    topics.deadLetters,
    (lines) => new Set(lines.map(rawOf)).size >= 6,
  );
  for (const name of ['first', 'second', 'third']) {
    expect(letters.map(rawOf)).toContain(`{"broken ${name}`);
  }
  const url = (await gates[0]?.url()) ?? '';
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await Promise.all(gates.map((gate) => gate.stop()));
  await producer.close();
}, 300_000);
