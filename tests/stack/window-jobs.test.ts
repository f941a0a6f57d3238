import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { topicHeartbeats } from '../../packages/millrace/src/adapters/kafka/topic-heartbeats.ts';
import { openTopicWriter } from '../../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { everyWindow } from '../../packages/millrace/src/compile/clickhouse/every-window.suite.ts';
import { expectWindow } from '../../packages/millrace/src/compile/clickhouse/expect-window.suite.ts';
import { flinkJobs } from '../../packages/millrace/src/compile/flink/jobs.ts';
import { windowJobs } from '../../packages/millrace/src/compile/flink/window-job.ts';
import {
  appendedBehindMsMax,
  resultsTopicName,
  topicNames,
} from '../../packages/millrace/src/compile/kafka/topics.ts';
import { count, definePipeline, event, window } from '../../packages/millrace/src/index.ts';
import { heartbeatLine } from '../../packages/millrace/src/plan/heartbeat.ts';
import type { WindowPlan } from '../../packages/millrace/src/plan/plan.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { writeClean } from '../support/clean-log.ts';
import { jobSettings, makeTopics, StoreProcess, startRole } from '../support/cluster.ts';
import { EventStream } from '../support/event-stream.ts';
import { readUntil } from '../support/kafka-records.ts';
import { lateRecordsDropped } from '../support/late-records.ts';
import { LiveStream } from '../support/live-stream.ts';
import { exactRows, MillraceProcess, rows, settled } from '../support/millrace-process.ts';
import { testSeed } from '../support/random.ts';
import { Receiver } from '../support/receiver.ts';

const pipeline = fileURLToPath(new URL('../support/every-window.config.ts', import.meta.url));
const seed = testSeed();
const patience = { timeout: 180_000, interval: 500 };
const partitions = 2;
const hourMs = 3_600_000;

interface Row {
  readonly [column: string]: unknown;
}

describe(`windows that Flink computes (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let bootstrap: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-window-jobs-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 10 });
    bootstrap = kafka.addresses.bootstrap;
  }, 300_000);
  afterAll(async () => {
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('close with the heartbeat behind which nothing of them can come, and not before', async () => {
    const plan = planOf(
      definePipeline({
        name: 'edges',
        events: { view: event({}) },
        lateness: '4s',
        windows: [
          window('by_second', {
            from: 'view',
            tumbling: '1s',
            by: ['user_id'],
            measures: { n: count() },
          }),
          window('visits', {
            from: 'view',
            session: { gap: '1s', max: '1h' },
            by: ['user_id'],
            measures: { n: count() },
          }),
        ],
      }),
    );
    const { clean } = topicNames(plan);
    await makeTopics(bootstrap, plan, partitions);
    const settings = { ...jobSettings(bootstrap), parallelism: 1 };
    for (const job of windowJobs(plan, settings)) await submitJob(flink.addresses.sqlGateway, job);
    const heartbeats = topicHeartbeats({ brokers: [bootstrap], clientId: 'test' });
    // Ahead, because what happened long before it is written is in no window.
    const firstMs = (Math.floor(Date.now() / hourMs) + 2) * hourMs;
    let serial = 0;
    const happen = (user_id: string, ...afterMs: readonly number[]): Promise<void> =>
      writeClean(
        bootstrap,
        clean,
        afterMs.map((ms) => {
          const timestamp = firstMs + ms;
          serial += 1;
          const event_id = `e${serial}`;
          const times = { timestamp, received_at: timestamp, appended_at: timestamp };
          return { event_id, type: 'view', ...times, late: false, user_id, properties: {} };
        }),
      );
    /** Behind it nothing that is not late happened before this. */
    const passed = (ms: number): Promise<void> => {
      const heartbeat = heartbeatLine(firstMs + ms + plan.allowedLatenessMs + appendedBehindMsMax);
      // The first group of a new Kafka has no coordinator for a while.
      return vi.waitFor(() => heartbeats.write(clean, [0, 1], heartbeat), patience);
    };
    const results = async (name: string, has: readonly string[]): Promise<readonly string[]> => {
      const of = plan.windows.find((one) => one.name === name);
      if (of === undefined) throw new RangeError(name);
      const shown = (line: string): string => {
        const { window_start, window_end, user_id, n }: Record<string, unknown> = JSON.parse(line);
        const [from, to] = [window_start, window_end].map(
          (time) => Date.parse(`${time}Z`.replace(' ', 'T')) - firstMs,
        );
        return `${user_id} ${from} ${to} ${n}`;
      };
      const lines = await readUntil(bootstrap, resultsTopicName(of, plan), (all) =>
        has.every((one) => all.map(shown).includes(one)),
      );
      return lines.map(shown).sort();
    };
    try {
      await happen('a', 100, 100);
      await happen('probe', -500, 998);
      await happen('s', 100, 999);
      // The newest window that is closed tells that the heartbeat was read.
      await passed(999);
      await results('by_second', ['probe -1000 0 1']);
      await happen('a', 999, 999);
      await passed(1_000);
      const closed = ['a 0 1000 4', 'probe -1000 0 1', 'probe 0 1000 1', 's 0 1000 2'];
      expect(await results('by_second', closed)).toEqual(closed);

      await passed(1_998);
      await results('visits', ['probe 998 1998 1']);
      // One ms less than the gap after the last one, and exactly the gap after that.
      await happen('s', 1_998);
      await happen('s', 2_998);
      await passed(20_000);
      const visits = await results('visits', ['s 2998 3998 1']);
      expect(visits).toEqual([
        'a 100 1999 4',
        // Cut at the hour.
        'probe -500 0 1',
        'probe 998 1998 1',
        's 100 2998 3',
        's 2998 3998 1',
      ]);
    } finally {
      await heartbeats.close();
    }
  }, 300_000);

  test('are not too late for an event, because the raw log takes none that was appended long before', async () => {
    const plan = planOf(definePipeline({ name: 'clocks', events: { view: event({}) } }));
    await makeTopics(bootstrap, plan, partitions);
    const appendedBefore = async (ms: number): Promise<void> => {
      const writer = openTopicWriter({
        ...{ brokers: [bootstrap], clientId: 'test', topic: topicNames(plan).raw },
        clock: { now: () => Date.now() - ms },
      });
      try {
        await writer.append([{ key: `e${ms}`, value: '{}' }]);
      } finally {
        await writer.close();
      }
    };
    const isTaken = (ms: number): Promise<boolean> =>
      appendedBefore(ms).then(
        () => true,
        () => false,
      );
    // On a busy machine it may be written too late for that.
    for (const ms of [0, appendedBehindMsMax - 3_000])
      await expect.poll(() => isTaken(ms)).toBe(true);
    await expect(appendedBefore(appendedBehindMsMax + 100)).rejects.toMatchObject({
      code: 'log_unavailable',
    });
  });

  test('are those of the embedded runtime and of a recomputation, whoever is killed', async () => {
    const plan = planOf(everyWindow);
    await makeTopics(bootstrap, plan, partitions);
    const store = await StoreProcess.start(folder, plan);
    const jobs: { readonly name: string; readonly id: string }[] = [];
    for (const job of flinkJobs(plan, { ...jobSettings(bootstrap), parallelism: 1 }))
      jobs.push({ name: job.name, id: await submitJob(flink.addresses.sqlGateway, job) });
    const where = { pipeline, kafka: bootstrap, storeUrl: store.url };
    const [collector, loader] = [startRole('collector', where), startRole('loader', where)];
    const query = startRole('query', where);
    const called = { cluster: await Receiver.open(), embedded: await Receiver.open() };
    const calling = (receiver: Receiver) => ({
      TEST_WEBHOOK: receiver.url,
      MILLRACE_WEBHOOK_SECRET: 'a long and random text',
    });
    const startCalling = () => startRole('alerts', { ...where, env: calling(called.cluster) });
    const callers = [startCalling(), startCalling()];
    const embedded = new MillraceProcess({
      ...{ pipeline, data: join(folder, 'embedded'), env: calling(called.embedded) },
    });
    try {
      const urls = [await collector.url(), await embedded.url()] as const;
      for (const caller of callers) {
        const isReady = async () => (await fetch(`${await caller.url()}/readyz`)).ok;
        await expect.poll(isReady, patience).toBe(true);
      }
      const stream = new LiveStream(seed);
      for (let turns = 0; turns < 240; turns += 1) {
        if (turns % 60 < 30) {
          const body = JSON.stringify({ batch: stream.batch(Date.now()) });
          await Promise.all(urls.map((url) => post(url, body)));
        }
        if (turns === 80) flink.kill('taskmanager-1', 'SIGKILL');
        if (turns === 100) await flink.restart('taskmanager-1');
        // One of them had the alert.
        if (turns === 120 || turns === 200) {
          callers.shift()?.kill('SIGKILL');
          callers.push(startCalling());
        }
        // Between the batches, and between the visits, time passes.
        await sleep(100);
      }
      await settled(urls[1]);
      const late = 'SELECT event_id, late FROM events ORDER BY event_id';
      const decided = await rows<Row>(urls[1], late);
      await vi.waitFor(async () => expect(await store.rows(late)).toEqual(decided), patience);
      const isLate = new Map(decided.map((row) => [row.event_id, row.late === true]));
      const kept = stream.kept.map((one) => ({ ...one, late: isLate.get(one.event_id) === true }));
      expect(kept.filter((one) => one.late).length).toBeGreaterThan(50);
      expect(kept.filter((one) => !one.late).length).toBeGreaterThan(500);

      for (const one of plan.windows) {
        await vi.waitFor(
          async () => expectWindow(one, await store.rows(`SELECT * FROM ${one.name}`), kept),
          patience,
        );
        const sql = `SELECT * EXCEPT (${whatMayDiffer(one).join(', ')}) FROM ${one.name} ORDER BY ALL`;
        await vi.waitFor(
          async () => expect(await exactRows(urls[1], sql)).toEqual(await store.rows(sql)),
          patience,
        );
      }
      const several = await store.rows('SELECT window_start FROM by_kind WHERE n >= 2');
      for (const receiver of Object.values(called)) {
        await expect.poll(() => idsOf(receiver).size, patience).toBe(several.length);
      }
      expect(idsOf(called.cluster)).toEqual(idsOf(called.embedded));

      for (const { name, id } of jobs.slice(1)) {
        const none = { name, dropped: new Set([0]) };
        // Flink's REST has a metric some seconds after it was first asked for it.
        await vi.waitFor(async () => {
          const dropped = new Set(await lateRecordsDropped(flink.addresses.rest, id));
          expect({ name, dropped }).toEqual(none);
        }, patience);
      }
      expect([loader.errors, embedded.errors]).toEqual(['', '']);

      for (const one of plan.windows) {
        const address = `${await query.url()}/v1/windows/${one.name}/stream`;
        const all = await store.rows(`SELECT * FROM ${one.name}`);
        const streamed = await firstOf(address, all.length);
        expect(streamed.map(asText).sort()).toEqual(all.map(asText).sort());
        const ends = streamed.map(({ window_end }) => Date.parse(String(window_end)));
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
      }
    } finally {
      const processes = [collector, loader, query, embedded, ...callers];
      await Promise.all(processes.map((one) => one.stop()));
      for (const receiver of Object.values(called)) receiver.close();
      await store.stop();
    }
  }, 600_000);
});

/** When a result came out, and the last digits of sums of floats, which are those of their order. */
const whatMayDiffer = ({ measures }: WindowPlan): readonly string[] => [
  'emitted_at',
  ...measures
    .filter((one) => one.kind === 'sum' && one.field.type.kind === 'float64')
    .map(({ name }) => name),
];

/** The first results that a stream gives, from its beginning. */
async function firstOf(address: string, results: number): Promise<readonly Row[]> {
  const stream = await EventStream.open(address, '0-0');
  const rows: Row[] = [];
  while (rows.length < results) rows.push(JSON.parse((await stream.next()).data));
  stream.close();
  return rows;
}

/** Of the results that a webhook was called with: a call that was cut is made again under its id. */
const idsOf = ({ received }: Receiver): ReadonlySet<unknown> =>
  new Set(received.map(({ headers }) => headers['millrace-id']));

const asText = (row: Row): string => JSON.stringify(row);

async function post(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
  const { rejected }: { readonly rejected: unknown } = JSON.parse(await answer.text());
  expect([answer.status, rejected]).toEqual([200, []]);
}
