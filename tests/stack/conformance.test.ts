import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { everyKind } from '../../packages/millrace/src/compile/clickhouse/every-kind.suite.ts';
import { expectRollup } from '../../packages/millrace/src/compile/clickhouse/expect-rollup.suite.ts';
import { flinkJobs } from '../../packages/millrace/src/compile/flink/jobs.ts';
import type { RollupPlan } from '../../packages/millrace/src/plan/plan.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { type Flink, startFlink } from '../../tools/stack/flink.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { jobSettings, makeTopics, StoreProcess, startJobs, startRole } from '../support/cluster.ts';
import type { CommandProcess } from '../support/command-process.ts';
import { exactRows, MillraceProcess, settled } from '../support/millrace-process.ts';
import { mixedStream } from '../support/mixed-stream.ts';
import { testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/every-kind.config.ts', import.meta.url));
const plan = planOf(everyKind);
const seed = testSeed();
const stream = mixedStream(seed, { lists: 60 });
const patience = { timeout: 180_000, interval: 500 };

interface Row {
  readonly [column: string]: unknown;
}
type Ask = (sql: string) => Promise<readonly Row[]>;

/** When an event was received is the one thing in which two runtimes may differ. */
const withoutArrival = (rollup: RollupPlan): RollupPlan => ({
  ...rollup,
  measures: rollup.measures.filter(
    (measure) => measure.kind === 'count' || JSON.stringify(measure.field) !== receivedAt,
  ),
});
const receivedAt = JSON.stringify({
  source: 'envelope',
  name: 'received_at',
  type: { kind: 'timestamp' },
});

const eventsSql = 'SELECT * EXCEPT (received_at) FROM events ORDER BY event_id';
/** Each counts from when it received the event. */
const ahead = /\d+ ms ahead/g;
const lettersSql = `SELECT code, replaceRegexpAll(reason, '[0-9]+ ms ahead', 'ahead') AS said, protocol, event_id, type, hex(raw) AS raw
  FROM dead_letters ORDER BY raw, code`;

describe(`one pipeline on both runtimes (seed ${seed})`, () => {
  let folder: string;
  let kafka: Kafka;
  let flink: Flink;
  let store: StoreProcess;
  let embedded: MillraceProcess;
  let collector: CommandProcess;
  let loader: CommandProcess;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
    kafka = await startKafka({ folder: join(folder, 'kafka') });
    flink = await startFlink({ folder: join(folder, 'flink'), slots: 8 });
    store = await StoreProcess.start(folder, plan);
    const { bootstrap } = kafka.addresses;
    await makeTopics(bootstrap, plan, 2);
    await startJobs(flink, flinkJobs(plan, { ...jobSettings(bootstrap), parallelism: 1 }));
    const where = { pipeline, kafka: bootstrap, storeUrl: store.url };
    collector = startRole('collector', where);
    loader = startRole('loader', where);
    embedded = new MillraceProcess({ pipeline, data: join(folder, 'embedded') });
  }, 600_000);
  afterAll(async () => {
    await Promise.all([embedded?.stop(), collector?.stop(), loader?.stop()]);
    await store?.stop();
    await flink?.stop();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('takes, keeps, refuses and counts the same', async () => {
    const here = await embedded.url();
    const there = await collector.url();
    for (const batch of stream.batches) {
      const [one, other] = [await post(here, batch), await post(there, batch)];
      expect(other).toEqual(one);
    }
    await settled(here);
    const askEmbedded: Ask = (sql) => exactRows(here, sql);
    const askDistributed: Ask = (sql) => store.rows(sql);

    const kept = await askEmbedded(eventsSql);
    expect(kept.map(({ event_id }) => event_id)).toEqual(
      stream.kept.map(({ event_id }) => event_id).sort(byBytes),
    );
    const letters = await askEmbedded(lettersSql);
    expect(letters.map(({ code }) => code).sort()).toEqual(stream.refused.toSorted());
    await vi.waitFor(async () => {
      expect(await askDistributed(eventsSql)).toEqual(kept);
      expect(await askDistributed(lettersSql)).toEqual(letters);
    }, patience);

    for (const rollup of plan.rollups.map(withoutArrival)) {
      const sql = `SELECT * FROM ${rollup.name}`;
      expectRollup(rollup, await askEmbedded(sql), stream.kept);
      await vi.waitFor(
        async () => expectRollup(rollup, await askDistributed(sql), stream.kept),
        patience,
      );
    }
  }, 600_000);
});

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function post(url: string, batch: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ batch }),
  });
  const body: unknown = JSON.parse((await answer.text()).replaceAll(ahead, 'ahead'));
  return { status: answer.status, body };
}
