import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { schemaVersion } from '../../packages/millrace/src/plan/schema-version.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { startRole } from '../support/cluster.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readRecordsUntil, readUntil } from '../support/kafka-records.ts';
import definition from '../support/ledger.config.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-collector-'));

let kafka: Kafka;
beforeAll(async () => {
  kafka = await startKafka({ folder });
  const admin = new Admin(kafkaClient(kafka.addresses.bootstrap));
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
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const answer = await fetch(`${url}/v1/events`, {
    ...{ method: 'POST', body: JSON.stringify(events), headers: { traceparent } },
  });
  expect(await answer.json()).toMatchObject({ accepted: 990, rejected: { length: 10 } });

  let left = 990;
  const raw = await readRecordsUntil(bootstrap, 'ledger.raw', () => --left === 0);
  const ids = raw.map(({ value }): unknown => JSON.parse(value).event_id);
  expect(new Set(ids).size).toBe(990);
  const schema = schemaVersion(planOf(definition));
  for (const { headers } of raw) expect(headers).toEqual({ schema, traceparent });
  const letters = await readUntil(bootstrap, 'ledger.dead_letters', ({ length }) => length >= 10);
  expect(new Set(letters).size).toBe(10);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await collector.stop();
});
