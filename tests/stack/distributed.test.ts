import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flinkJobs } from '../../packages/millrace/src/compile/flink/jobs.ts';
import { kafkaTopics } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../support/cluster.ts';
import { hoped } from '../support/cluster-report.ts';
import type { CommandProcess } from '../support/command-process.ts';
import { inSync } from '../support/in-sync.ts';
import definition from '../support/ledger.config.ts';
import { Ledger } from '../support/ledger.ts';
import { testSeed } from '../support/random.ts';
import { recoveryTable } from '../support/recovery-table.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const seed = testSeed();
/** `npm run test:stack:long` asks for some; without it there is one broker, and few faults. */
const rounds = Number(process.env.MILLRACE_TEST_FAULT_ROUNDS ?? 0);
const brokers = rounds > 0 ? ['broker-1', 'broker-2', 'broker-3'] : ['broker-1'];
const topics = { partitions: 2, replication: brokers.length };
const replicated = [
  ...kafkaTopics(plan, topics),
  ...['__consumer_offsets', '__transaction_state'].map((name) => ({ ...topics, name })),
];
const writers = 2;
const eventsPerSecond = 300;
/** Longer than Flink and the loaders' group wait for a sign of life. */
const hangsMs = 20_000;
const kafkaAwayMs = 60_000;
const patience = { timeout: 240_000, interval: 250 };

/** Something that goes wrong. `recovered` measures from when it is called. */
interface Fault {
  readonly what: string;
  /** Whether it is among the few. */
  readonly isShort?: boolean;
  readonly happen: (recovered: () => Promise<void>) => Promise<unknown>;
}

describe(`from the HTTP answer to the number in the store, each event once (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let store: StoreProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-distributed-'));
    kafka = await startKafka({ folder: join(folder, 'kafka'), brokers: brokers.length });
    flink = await startFlink({
      ...{ folder: join(folder, 'flink'), slots: 6 },
      // Instead of a minute, until another JobManager may take over.
      settings: { 'high-availability.zookeeper.client.session-timeout': '10 s' },
    });
    store = await StoreProcess.start(folder, plan);
    const { bootstrap } = kafka.addresses;
    await makeTopics(bootstrap, plan, topics.partitions, topics.replication);
    await startJobs(flink, flinkJobs(plan, jobSettings(bootstrap)));
  }, 600_000);
  afterAll(async () => {
    await store?.stop();
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (role: 'collector' | 'loader'): CommandProcess =>
    startRole(role, {
      ...{ pipeline, kafka: kafka.addresses.bootstrap },
      ...(role === 'loader'
        ? { storeUrl: store.url }
        : { args: ['--data', join(folder, 'collector')] }),
    });
  const numberOf = async (sql: string): Promise<number> => {
    const [row] = await store.ask<{ readonly n: string }>('', `SELECT ${sql}`);
    return Number(row?.n);
  };

  test('whoever dies or hangs meanwhile', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    let collector = start('collector');
    const loaders = [start('loader'), start('loader')];
    let url: string | null = await collector.url();
    const where = (): string | null => (collector.running ? url : null);
    const writing = Array.from({ length: writers }, (_, n) =>
      ledger.write(`w${n}`, seed + n, where, closing.signal, eventsPerSecond / writers),
    );

    const table = recoveryTable();
    let probes = 0;
    /** Until what is acknowledged from now on is in the table and in the rollup. */
    const recovered = async (what: string): Promise<void> => {
      const watch = table.watch(what);
      probes += 1;
      const product = `probe-${probes}`;
      const events = await ledger.probe(product, seed + probes, where);
      watch.acknowledged();
      const isOurs = `product_id = '${product}'`;
      const arrives = (sql: string, then: () => void): Promise<void> =>
        expect
          .poll(() => numberOf(sql), patience)
          .toBe(events)
          .then(then);
      await hoped(
        { plan, kafka, flink, store },
        Promise.all([
          arrives(`count() AS n FROM events WHERE properties.${isOurs}`, watch.stored),
          arrives(`sum(events) AS n FROM by_minute WHERE ${isOurs}`, watch.counted),
        ]),
      );
    };

    const afterHanging =
      (pause: () => Promise<void>, resume: () => void): Fault['happen'] =>
      async (recovered) => {
        await pause();
        await sleep(hangsMs);
        resume();
        await recovered();
      };
    const faults: readonly Fault[] = [
      {
        what: 'a broker of three is killed, and stays away',
        happen: async (recovered) => {
          kafka.kill('broker-1', 'SIGKILL');
          await recovered();
          await kafka.restart('broker-1');
        },
      },
      {
        what: 'a broker of three hangs, and stays so',
        happen: async (recovered) => {
          await kafka.pause('broker-2');
          await recovered();
          kafka.resume('broker-2');
        },
      },
      {
        what: 'the collector is killed and started again',
        isShort: true,
        happen: async (recovered) => {
          collector.kill('SIGKILL');
          url = null;
          collector = start('collector');
          const begins = async (): Promise<void> => {
            url = await collector.url();
          };
          await Promise.all([begins(), recovered()]);
        },
      },
      {
        what: `the collector goes on after it hung for ${hangsMs / 1_000} s`,
        happen: afterHanging(
          () => collector.pause(),
          () => collector.resume(),
        ),
      },
      {
        what: 'a loader of two is killed, and stays away',
        isShort: true,
        happen: async (recovered) => {
          loaders[0]?.kill('SIGKILL');
          await recovered();
          loaders[0] = start('loader');
        },
      },
      {
        what: 'a loader of two hangs, and stays so',
        happen: async (recovered) => {
          // The one that was started again.
          await loaders[0]?.url();
          await loaders[1]?.pause();
          await recovered();
          loaders[1]?.resume();
        },
      },
      {
        what: 'the TaskManager is killed and started again',
        isShort: true,
        happen: async (recovered) => {
          flink.kill('taskmanager-1', 'SIGKILL');
          await Promise.all([flink.restart('taskmanager-1'), recovered()]);
        },
      },
      {
        what: `the TaskManager goes on after it hung for ${hangsMs / 1_000} s`,
        happen: afterHanging(
          () => flink.pause('taskmanager-1'),
          () => flink.resume('taskmanager-1'),
        ),
      },
      {
        what: 'the JobManager is killed and started again',
        happen: async (recovered) => {
          flink.kill('jobmanager', 'SIGKILL');
          await Promise.all([flink.restart('jobmanager'), recovered()]);
        },
      },
      {
        what: `the JobManager goes on after it hung for ${hangsMs / 1_000} s`,
        happen: afterHanging(
          () => flink.pause('jobmanager'),
          () => flink.resume('jobmanager'),
        ),
      },
      {
        what: 'the store is killed and started again',
        isShort: true,
        happen: (recovered) => Promise.all([store.killAndRestart(), recovered()]),
      },
      {
        what: `the store goes on after it hung for ${hangsMs / 1_000} s`,
        happen: afterHanging(
          () => store.pause(),
          () => store.resume(),
        ),
      },
      {
        what: `Kafka is there again after ${kafkaAwayMs / 1_000} s without any broker`,
        happen: async (recovered) => {
          for (const broker of brokers) kafka.kill(broker, 'SIGKILL');
          const before = ledger.acknowledged.size;
          await sleep(kafkaAwayMs);
          // The collector goes on answering meanwhile.
          expect(ledger.acknowledged.size - before).toBeGreaterThan(eventsPerSecond);
          await Promise.all(brokers.map((broker) => kafka.restart(broker)));
          await recovered();
        },
      },
    ];

    const whole = (): Promise<boolean> => inSync(kafka.addresses.bootstrap, replicated);
    const happening = faults.filter(({ isShort = false }) => rounds > 0 || isShort);
    try {
      await recovered('nothing happened');
      for (let round = 0; round < Math.max(1, rounds); round += 1)
        for (const { what, happen } of happening) {
          await happen(() => recovered(what));
          await expect.poll(whole, patience).toBe(true);
        }
    } finally {
      console.info(table.text());
    }
    const began = performance.now();
    closing.abort();
    await Promise.all(writing);
    const stored = (): Promise<number> => numberOf('count() AS n FROM events');
    const acknowledged = ledger.acknowledged.size;
    await expect.poll(stored, patience).toBeGreaterThanOrEqual(acknowledged);
    const balanced = () => ledger.balance('', store.ask).then(() => true);
    await expect.poll(balanced, { ...patience, interval: 2_000 }).toBe(true);
    expect(ledger.resent).toBeGreaterThan(0);
    const balancedMs = performance.now() - began;
    console.info(
      `${acknowledged} events acknowledged; balanced ${Math.round(balancedMs / 1_000)} s after the last`,
    );
    await Promise.all([collector, ...loaders].map((one) => one.stop()));
  }, 3_600_000);
});
