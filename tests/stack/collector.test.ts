import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { startRole } from '../support/cluster.ts';
import { readUntil } from '../support/kafka-records.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-collector-'));

let kafka: Kafka;
beforeAll(async () => {
  kafka = await startKafka({ folder });
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.addresses.bootstrap] });
  const topics = ['ledger.raw', 'ledger.dead_letters'];
  await admin.createTopics({ topics, partitions: 2, replicas: 1 });
  await admin.close();
});
afterAll(async () => {
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('what a collector has answered for is in Kafka, and so is what it refused', async () => {
  const { bootstrap } = kafka.addresses;
  const collector = startRole('collector', { pipeline, kafka: bootstrap });
  const url = await collector.url();
  const events = Array.from({ length: 1_000 }, (_, n) => ({
    event_id: `e${n}`,
    type: 'view',
    properties: { product_id: 'p', price: n % 100 === 7 ? 'much' : '1.50' },
  }));
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', body: JSON.stringify(events) });
  expect(await answer.json()).toMatchObject({ accepted: 990, rejected: { length: 10 } });

  const raw = await readUntil(bootstrap, 'ledger.raw', ({ length }) => length >= 990);
  const ids = raw.map((line): unknown => JSON.parse(line).event_id);
  expect(new Set(ids).size).toBe(990);
  const letters = await readUntil(bootstrap, 'ledger.dead_letters', ({ length }) => length >= 10);
  expect(new Set(letters).size).toBe(10);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await collector.stop();
});
