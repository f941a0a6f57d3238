import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flinkJobs } from '../../packages/millrace/src/compile/flink/jobs.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../support/cluster.ts';
import type { CommandProcess } from '../support/command-process.ts';
import definition from '../support/ledger.config.ts';
import { Ledger } from '../support/ledger.ts';
import { testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const seed = testSeed();

describe(`from the HTTP answer to the number in the store, each event once (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let store: StoreProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-distributed-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 6 });
    store = await StoreProcess.start(folder, plan);
    await makeTopics(kafka.addresses.bootstrap, plan, 2);
    await startJobs(flink, flinkJobs(plan, jobSettings(kafka.addresses.bootstrap)));
  });
  afterAll(async () => {
    await store.stop();
    await flink.stop();
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (role: 'collector' | 'loader'): CommandProcess =>
    startRole(role, { pipeline, kafka: kafka.addresses.bootstrap, storeUrl: store.url });
  const count = async (): Promise<number> => {
    const [row] = await store.ask<{ readonly n: string }>('', 'SELECT count() AS n FROM events');
    return Number(row?.n);
  };
  const more = async (): Promise<void> => {
    const before = await count();
    await expect.poll(count, { timeout: 120_000, interval: 200 }).toBeGreaterThan(before);
  };

  test('while every part of it is killed once', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    let collector = start('collector');
    let loader = start('loader');
    let url: string | null = await collector.url();
    const where = () => (collector.running ? url : null);
    const writing = [1, 2].map((n) => ledger.write(`w${n}`, seed + n, where, closing.signal));
    await more();

    collector.kill('SIGKILL');
    url = null;
    collector = start('collector');
    url = await collector.url();
    await more();
    loader.kill('SIGKILL');
    loader = start('loader');
    await more();
    flink.kill('taskmanager-1', 'SIGKILL');
    await flink.restart('taskmanager-1');
    await more();
    await store.killAndRestart();
    await more();

    closing.abort();
    await Promise.all(writing);
    await expect
      .poll(count, { timeout: 120_000, interval: 200 })
      .toBeGreaterThanOrEqual(ledger.acknowledged.size);
    const balanced = () => ledger.balance('', store.ask).then(() => true);
    await expect.poll(balanced, { timeout: 30_000 }).toBe(true);
    expect(ledger.resent).toBeGreaterThan(0);
    await collector.stop();
    await loader.stop();
  }, 600_000);
});
