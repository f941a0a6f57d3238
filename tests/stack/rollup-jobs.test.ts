import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin } from '@platformatic/kafka';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { submitJob } from '../../packages/millrace/src/adapters/flink/sql-gateway.ts';
import { everyKind } from '../../packages/millrace/src/compile/clickhouse/every-kind.suite.ts';
import { expectRollup } from '../../packages/millrace/src/compile/clickhouse/expect-rollup.suite.ts';
import { holds } from '../../packages/millrace/src/compile/clickhouse/naive.suite.ts';
import {
  conditionsOver,
  fieldsIn,
} from '../../packages/millrace/src/compile/clickhouse/random-conditions.suite.ts';
import { events } from '../../packages/millrace/src/compile/clickhouse/random-events.suite.ts';
import { cleanLogColumns } from '../../packages/millrace/src/compile/flink/clean-log.ts';
import { conditionExpression } from '../../packages/millrace/src/compile/flink/condition.ts';
import { kafkaSource } from '../../packages/millrace/src/compile/flink/job.ts';
import { column } from '../../packages/millrace/src/compile/flink/nodes.ts';
import { print } from '../../packages/millrace/src/compile/flink/printer.ts';
import { rollupJobs } from '../../packages/millrace/src/compile/flink/rollup-job.ts';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { writeClean } from '../support/clean-log.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../support/cluster.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { readUntil } from '../support/kafka-records.ts';
import { testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/every-kind.config.ts', import.meta.url));
const plan = planOf(everyKind);
const { clean } = topicNames(plan);
const seed = testSeed();
const patience = { timeout: 120_000, interval: 500 };

/** Ids of their own, whatever list they come from. */
const given = fc
  .sample(events, { numRuns: 8, seed })
  .flatMap((list, i) => list.map((event) => ({ ...event, event_id: `${i}${event.event_id}` })));

describe(`what Flink computes of events (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let bootstrap: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-rollup-jobs-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 7 });
    bootstrap = kafka.addresses.bootstrap;
    await makeTopics(bootstrap, plan, 2);
  }, 300_000);
  afterAll(async () => {
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every rollup equals a recomputation', async () => {
    const store = await StoreProcess.start(folder, plan);
    const loader = startRole('loader', { pipeline, kafka: bootstrap, storeUrl: store.url });
    try {
      await loader.url();
      await startJobs(flink, rollupJobs(plan, { ...jobSettings(bootstrap), parallelism: 1 }));
      for (let at = 0; at < given.length; at += 50)
        await writeClean(bootstrap, clean, given.slice(at, at + 50));
      for (const rollup of plan.rollups)
        await vi.waitFor(async () => {
          expectRollup(rollup, await store.rows(`SELECT * FROM ${rollup.name}`), given);
        }, patience);
      expect(loader.errors).toBe('');
    } finally {
      await loader.stop();
      await store.stop();
    }
  }, 300_000);

  test('conditions hold for the same events as in a recomputation', async () => {
    const fields = fieldsIn(plan.rollups);
    const conditions = fc.sample(conditionsOver(fields), { numRuns: 60, seed });
    const settings = { ...jobSettings(bootstrap), parallelism: 1 };
    const id = { source: 'envelope', name: 'event_id', type: { kind: 'string' } } as const;
    const hit = (i: number): string => `condition_${i}`;
    const admin = new Admin(kafkaClient(bootstrap));
    const topics = ['conditions.clean', 'conditions.hits'];
    await admin.createTopics({ topics, partitions: 1, replicas: 1 });
    await admin.close();
    await writeClean(bootstrap, 'conditions.clean', given);
    const statements = [
      print({
        node: 'create table',
        name: 'clean_log',
        columns: cleanLogColumns([id, ...fields]),
        options: { ...kafkaSource('conditions.clean', 'c', settings), 'value.format': 'json' },
      }),
      print({
        node: 'create table',
        name: 'hits',
        columns: [
          { kind: 'physical', name: 'event_id', type: { name: 'STRING' } },
          ...conditions.map((_, i) => ({
            kind: 'physical' as const,
            name: hit(i),
            type: { name: 'BOOLEAN' },
          })),
        ],
        options: {
          connector: 'kafka',
          topic: 'conditions.hits',
          'properties.bootstrap.servers': bootstrap,
          'value.format': 'json',
        },
      }),
      print({
        node: 'insert',
        into: 'hits',
        select: {
          columns: [
            { expression: column('event_id'), as: 'event_id' },
            ...conditions.map((where, i) => ({
              expression: conditionExpression(where),
              as: hit(i),
            })),
          ],
          from: 'clean_log',
        },
      }),
    ];
    await submitJob(flink.addresses.sqlGateway, {
      name: 'conditions',
      settings: {
        'execution.checkpointing.interval': '1 s',
        'table.local-time-zone': 'UTC',
      },
      statements,
    });
    const lines = await readUntil(
      bootstrap,
      'conditions.hits',
      (all) => all.length === given.length,
    );
    const rows = new Map(
      lines.map((line) => {
        const row: Record<string, unknown> = JSON.parse(line);
        return [row.event_id, row];
      }),
    );
    for (const event of given)
      for (const [i, where] of conditions.entries())
        expect([event, where, rows.get(event.event_id)?.[hit(i)]]).toEqual([
          event,
          where,
          holds(where, event),
        ]);
  });
});
