import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClickHouseStore } from '../../packages/millrace/src/adapters/clickhouse/clickhouse-store.ts';
import { clickhouseDdl } from '../../packages/millrace/src/compile/clickhouse/ddl.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import type { Store } from '../../packages/millrace/src/ports/store.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { freePort } from '../../tools/stack/ports.ts';
import { makeTopics, startRole } from '../support/cluster.ts';
import { CommandProcess } from '../support/command-process.ts';
import { FaultyLink } from '../support/faulty-link.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import definition from '../support/ledger.config.ts';
import { Random, testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const seed = testSeed();
const partitions = 4;

describe(`loaders bring each committed record into the store once (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let storeArgs: readonly string[];
  let storeProcess: CommandProcess;
  let storeUrl: string;
  let store: Store;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-loaders-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    const port = String(await freePort());
    storeArgs = ['store', '--data', join(folder, 'store'), '--port', port];
    storeProcess = new CommandProcess(storeArgs);
    storeUrl = await storeProcess.url();
    store = await openClickHouseStore({ url: storeUrl, database: 'millrace' });
    // Views fill the rollups: Flink, which would, is not there.
    const { statements } = clickhouseDdl(plan, { database: 'millrace', computedBy: 'store' });
    for (const statement of statements) await store.define(statement);
    await makeTopics(kafka.addresses.bootstrap, plan, partitions);
  });
  afterEach(async () => {
    await store.close();
    await storeProcess.stop();
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const startLoader = (env = {}, url = storeUrl): CommandProcess =>
    startRole('loader', { pipeline, kafka: kafka.addresses.bootstrap, storeUrl: url, env });
  const cell = async (sql: string): Promise<string> =>
    Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
      .toString()
      .trim();

  /** Writes until the signal, in transactions, of which some are aborted; returns the ids committed. */
  async function write(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const random = new Random(seed);
    const committed = new Set<string>();
    const producer = new Producer({
      ...kafkaClient(kafka.addresses.bootstrap),
      idempotent: true,
      // The next transaction can begin a moment after the one before.
      retryDelay: 20,
      transactionalId: `test-${seed}`,
      serializers: stringSerializers,
    });
    for (let serial = 0; !signal.aborted; ) {
      const transaction = await producer.beginTransaction();
      const ids: string[] = [];
      for (let requests = random.between(1, 4); requests > 0; requests -= 1) {
        const messages = Array.from({ length: random.between(1, 120) }, () => {
          const id = `e${serial++}`;
          ids.push(id);
          return {
            topic: 'ledger.clean',
            key: id,
            partition: random.between(0, partitions - 1),
            value: lineOf(id, random),
          };
        });
        await transaction.send({ messages });
      }
      if (random.chance(0.25)) await transaction.abort();
      else {
        await transaction.commit();
        for (const id of ids) committed.add(id);
      }
    }
    await producer.close();
    return committed;
  }

  async function balance(committed: ReadonlySet<string>): Promise<void> {
    // The table has rows a moment before its rollups do.
    const found = () =>
      cell(
        'SELECT count(), uniqExact(_partition, _offset), (SELECT sum(events) FROM by_minute), sum(properties.price) = (SELECT sum(amount) FROM by_minute) FROM events',
      );
    const expected = [committed.size, committed.size, committed.size, 1].join('\t');
    await expect.poll(found, { timeout: 120_000, interval: 200 }).toBe(expected);
    const ids = (await cell('SELECT event_id FROM events')).split('\n');
    expect(ids.filter((id) => !committed.has(id))).toEqual([]);
  }

  test('whoever is killed, wherever', async () => {
    const random = new Random(seed + 1);
    const writing = new AbortController();
    const written = write(writing.signal);
    const points = [
      'load-intended:3',
      'load-inserting:3',
      'load-inserting:2:15',
      'load-inserted:3',
    ];
    let other = startLoader();
    for (const point of points) {
      const loader = startLoader({ MILLRACE_CRASH_AT: point });
      await loader.exited;
      expect(loader.errors).toContain('crash point');
      if (random.chance(0.5)) {
        other.kill('SIGKILL');
        await other.exited;
        other = startLoader();
      }
    }
    // One that is just starting would end, for want of its store.
    await other.url();
    // The store dies in the middle of inserts, and comes back where it was.
    storeProcess.kill('SIGKILL');
    await storeProcess.exited;
    storeProcess = new CommandProcess(storeArgs);
    await storeProcess.url();
    writing.abort();
    await balance(await written);
    await other.stop();
  }, 300_000);

  test('one that sleeps through its session changes nothing when it wakes', async () => {
    const writing = new AbortController();
    const written = write(writing.signal);
    const zombie = startLoader();
    await zombie.url();
    const some = async () => Number(await cell('SELECT count() FROM events'));
    await expect.poll(some).toBeGreaterThan(0);
    await zombie.pause();
    const heir = startLoader();
    const before = await some();
    // Its partitions are the heir's once its session is over.
    await expect.poll(some, { timeout: 120_000 }).toBeGreaterThan(before);
    zombie.resume();
    writing.abort();
    await balance(await written);
    await Promise.all([zombie.stop(), heir.stop()]);
  }, 300_000);

  test('over a link that leads nowhere, and has lost what was under way when it is mended', async () => {
    const link = await FaultyLink.to(storeUrl);
    const loader = startLoader({}, link.url);
    const url = await loader.url();
    const writing = new AbortController();
    const written = write(writing.signal);
    const some = async () => Number(await cell('SELECT count() FROM events'));
    const readiness = async () => (await fetch(`${url}/readyz`)).status;
    await expect.poll(some).toBeGreaterThan(0);
    link.silence();
    await expect.poll(readiness, { timeout: 90_000, interval: 100 }).toBe(503);
    const before = await some();
    writing.abort();
    link.mend();
    await expect.poll(some, { timeout: 60_000, interval: 100 }).toBeGreaterThan(before);
    await balance(await written);
    await expect.poll(readiness, { timeout: 60_000, interval: 100 }).toBe(200);
    expect(loader.errors).toContain('wait for the store');
    await loader.stop();
    await link.close();
  }, 300_000);
});

function lineOf(id: string, random: Random): string {
  const at = Date.now() - random.between(0, 100_000);
  return JSON.stringify({
    event_id: id,
    type: random.chance(0.3) ? 'purchase' : 'view',
    timestamp: at,
    received_at: at,
    appended_at: at,
    late: false,
    user_id: `u${random.between(1, 500)}`,
    properties: {
      price: `${random.between(0, 1_000)}.${random.between(10, 99)}`,
      product_id: `p${random.between(1, 20)}`,
    },
  });
}
