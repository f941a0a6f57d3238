import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Engine } from '../../packages/millrace/src/adapters/chdb/engine.ts';
import { openTopicWriter } from '../../packages/millrace/src/adapters/kafka/topic-writer.ts';
import { s3Objects } from '../../packages/millrace/src/adapters/objects/s3-objects.ts';
import { systemClock } from '../../packages/millrace/src/adapters/system-clock.ts';
import { archivedLines } from '../../packages/millrace/src/archive/archived-lines.suite.ts';
import { Manifest } from '../../packages/millrace/src/archive/manifest.ts';
import { topicNames } from '../../packages/millrace/src/compile/kafka/topics.ts';
import { planOf } from '../../packages/millrace/src/plan/plan-of.ts';
import { testObjectStore } from '../../packages/millrace/src/ports/object-store.suite.ts';
import type { ObjectStore } from '../../packages/millrace/src/ports/object-store.ts';
import { resultRows } from '../../packages/millrace/src/ports/result-rows.ts';
import { type Kafka, startKafka } from '../../tools/stack/kafka.ts';
import { pythonBin } from '../../tools/stack/python.ts';
import { type Seaweed, startSeaweed } from '../../tools/stack/seaweed.ts';
import { makeBucket } from '../support/bucket.ts';
import { makeTopics, startRole } from '../support/cluster.ts';
import type { CommandProcess } from '../support/command-process.ts';
import { FaultyLink } from '../support/faulty-link.ts';
import { FullBucket, refusals } from '../support/full-bucket.ts';
import definition from '../support/ledger.config.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const plan = planOf(definition);
const { clean: topic } = topicNames(plan);
const partitions = [0, 1] as const;
const bucket = 'archive';
const folder = mkdtempSync(join(tmpdir(), 'millrace-archive-'));

let kafka: Kafka;
let seaweed: Seaweed;
beforeAll(async () => {
  seaweed = await startSeaweed({ folder: join(folder, 'seaweed') });
  kafka = await startKafka({ folder: join(folder, 'kafka') });
  await makeBucket(bucket, seaweed);
  await makeTopics(kafka.addresses.bootstrap, plan, partitions.length);
});
afterAll(async () => {
  await kafka.stop();
  await seaweed.stop();
  rmSync(folder, { recursive: true, force: true });
});

const objectsUnder = (prefix: string): ObjectStore =>
  s3Objects({ bucket, prefix, endpoint: seaweed.addresses.s3 });

let serial = 0;
testObjectStore('a bucket of S3', async () => {
  serial += 1;
  return objectsUnder(`suite-${serial}/`);
});

test('a bucket that is not there is told', async () => {
  const { s3: endpoint } = seaweed.addresses;
  const nowhere = s3Objects({ bucket: 'none', prefix: '', endpoint });
  await expect(nowhere.read('x')).rejects.toMatchObject({
    ...{ code: 'archive_unavailable', status: 503 },
  });
});

test('a server that says no more is given up, before its answer and in the middle of it', async () => {
  const link = await FaultyLink.to(seaweed.addresses.s3);
  onTestFinished(() => link.close());
  const objects = s3Objects({ bucket, prefix: 'silent/', endpoint: link.url, silentMsMax: 5_000 });
  const bytes = randomBytes(4 * 1024 * 1024);
  await objects.create('large', bytes);
  expect(bytes.equals((await objects.read('large')) ?? new Uint8Array())).toBe(true);
  const fails = (work: Promise<unknown>) =>
    expect(work).rejects.toMatchObject({ code: 'archive_unavailable' });

  // Slow enough to be seen on its way.
  link.slow({ latencyMs: 100, bytesPerSecond: 500_000 });
  const before = link.passedBytes;
  const reading = fails(objects.read('large'));
  await expect.poll(() => link.passedBytes - before).toBeGreaterThan(200_000);
  link.silence();
  await reading;
  await fails(objects.create('other', bytes));
  link.mend();
  expect(await objects.create('other', bytes)).toBe(true);
});

test('a server that has no room is told from one that is away', async () => {
  const front = await FullBucket.before(seaweed.addresses.s3);
  onTestFinished(() => front.close());
  const objects = s3Objects({ bucket, prefix: 'full/', endpoint: front.url });
  const bytes = Buffer.from('what is in it');
  await objects.create('before', bytes);
  for (const refusal of Object.values(refusals)) {
    front.fill(refusal);
    await expect(objects.create(refusal.code, bytes)).rejects.toMatchObject({
      ...{ code: 'archive_full', status: 503, message: expect.stringContaining('no room') },
    });
    expect(await objects.read('before')).toEqual(new Uint8Array(bytes));
  }
  front.fill({ status: 500, code: 'InternalError' });
  await expect(objects.create('other', bytes)).rejects.toMatchObject({
    code: 'archive_unavailable',
  });
  front.makeRoom();
  expect(await objects.list('')).toEqual(['before']);
  expect(await objects.create(refusals.minio.code, bytes)).toBe(true);
});

describe('archivers of a cluster', () => {
  const objects = (): ObjectStore => objectsUnder('ledger/');
  const start = (
    env: { readonly [name: string]: string } = {},
    endpoint = seaweed.addresses.s3,
  ): CommandProcess =>
    startRole('archiver', {
      ...{ pipeline, kafka: kafka.addresses.bootstrap, env },
      args: [
        ...['--archive', `s3://${bucket}/ledger`, '--s3-endpoint', endpoint],
        ...['--archive-seconds', '1', '--archive-compact-ranges', '2'],
      ],
    });

  const written: { readonly id: string; readonly line: string }[] = [];
  const write = async (count: number): Promise<void> => {
    const writer = openTopicWriter({
      ...{ brokers: [kafka.addresses.bootstrap], clientId: 'test', clock: systemClock, topic },
      sendMsMax: 60_000,
    });
    const more = Array.from({ length: count }, (_, n) => {
      const id = `e${written.length + n}`;
      const at = Date.UTC(2026, 4, 1 + (n % 2), 12);
      const type = n % 3 === 0 ? 'view' : 'purchase';
      const times = `"timestamp":${at},"received_at":${at},"appended_at":${at},"late":false`;
      const properties = '"properties":{"product_id":"p","price":"12.50"}';
      return { id, line: `{"event_id":"${id}","type":"${type}",${times},${properties}}` };
    });
    await writer.append(more.map(({ id, line }) => ({ key: id, value: line })));
    await writer.close();
    written.push(...more);
  };

  const archived = async (): Promise<readonly string[]> => {
    const lines = partitions.map((partition) => archivedLines(objects(), partition));
    return (await Promise.all(lines)).flat();
  };

  test('bring each event there once, whoever is killed', async () => {
    for (const point of ['archive-begun', 'archive-written', 'replacement-written']) {
      await write(500);
      const dying = start({ MILLRACE_CRASH_AT: `${point}:1` });
      await dying.exited;
      expect(dying.errors).toContain(`crash point ${point} reached`);
    }
    const two = [start(), start()];
    await Promise.all(two.map((one) => one.url()));
    await write(500);
    const count = async () => (await archived()).length;
    await expect.poll(count, { timeout: 120_000, interval: 500 }).toBeGreaterThanOrEqual(2_000);
    two[0]?.kill('SIGKILL');
    await write(500);
    await expect.poll(count, { timeout: 120_000, interval: 500 }).toBeGreaterThanOrEqual(2_500);
    await two[1]?.stop();
    const lines = await archived();
    expect(lines.toSorted()).toEqual(written.map(({ line }) => line).toSorted());
  }, 400_000);

  test('bring each event there once over a link that is slow, cut, or leads nowhere', async () => {
    const link = await FaultyLink.to(seaweed.addresses.s3);
    onTestFinished(() => link.close());
    const archiver = start({}, link.url);
    const url = await archiver.url();
    const ready = async () => (await fetch(`${url}/readyz`)).status;
    const count = async () => (await archived()).length;
    const catchesUp = (): Promise<void> =>
      expect.poll(count, { timeout: 120_000, interval: 500 }).toBe(written.length);

    link.slow({ latencyMs: 20, bytesPerSecond: 200_000 });
    await write(500);
    await catchesUp();
    expect(await ready()).toBe(200);

    link.cut();
    await write(500);
    await expect.poll(ready).toBe(503);
    link.mend();
    await catchesUp();
    await expect.poll(ready).toBe(200);

    const { lostBytes } = link;
    link.silence();
    await write(500);
    await expect.poll(() => link.lostBytes).toBeGreaterThan(lostBytes);
    link.mend();
    await catchesUp();

    await archiver.stop();
    const lines = await archived();
    expect(lines.toSorted()).toEqual(written.map(({ line }) => line).toSorted());
  }, 400_000);

  test('wait while there is no room, and bring each event there once when there is', async () => {
    const front = await FullBucket.before(seaweed.addresses.s3);
    onTestFinished(() => front.close());
    front.fill(refusals.minio);
    await write(500);
    const archiver = start({}, front.url);
    const url = await archiver.url();
    const ready = async () => (await fetch(`${url}/readyz`)).status;
    const count = async () => (await archived()).length;
    await expect.poll(ready).toBe(503);
    await expect.poll(() => front.refused).toBeGreaterThan(5);
    await expect
      .poll(() => archiver.errors)
      .toMatch(/partition \d is not archived: .+ \(archive_full\)/);
    expect(await count()).toBe(written.length - 500);
    front.makeRoom();
    await expect.poll(count, { timeout: 120_000, interval: 500 }).toBe(written.length);
    await expect.poll(ready).toBe(200);
    await archiver.stop();
    const lines = await archived();
    expect(lines.toSorted()).toEqual(written.map(({ line }) => line).toSorted());
  }, 400_000);

  test('are read by ClickHouse where they lie', async () => {
    const { s3, accessKeyId, secretAccessKey } = seaweed.addresses;
    // The store's own questions reach nothing outside.
    const engine = new Engine({ folder: join(folder, 'engine') });
    const place = `s3('${s3}/${bucket}/ledger/events/**/*.parquet', '${accessKeyId}', '${secretAccessKey}', 'Parquet')`;
    const found = await engine.read(
      `SELECT type, toFloat64(count()) AS n, toFloat64(uniqExact(event_id)) AS ids,
              toString(sum(toDecimal64(JSONExtractString(properties, 'price'), 2))) AS price
       FROM ${place} GROUP BY type ORDER BY type`,
      { database: 'default' },
    );
    await engine.close();
    const views = written.filter(({ line }) => line.includes('"view"')).length;
    const priceOf = (n: number): string => (12.5 * n).toFixed(2).replace(/\.?0+$/, '');
    expect(resultRows(found)).toEqual(
      (
        [
          ['purchase', written.length - views],
          ['view', views],
        ] as const
      ).map(([type, n]) => ({
        ...{ type, n, ids: n, price: priceOf(n) },
      })),
    );
  });

  test('are read by DuckDB, which knows days and types from the paths', async () => {
    const copies = join(folder, 'copies');
    const ranges = await Promise.all(
      partitions.map((partition) => new Manifest(objects()).ranges(partition)),
    );
    for (const { name } of ranges.flat().flatMap((range) => range.objects)) {
      mkdirSync(dirname(join(copies, name)), { recursive: true });
      writeFileSync(join(copies, name), (await objects().read(name)) ?? '');
    }
    const script = `
import duckdb, json, sys
rows = duckdb.sql("""
  SELECT date::VARCHAR, type, count(*), count(DISTINCT event_id), sum((properties->>'price')::DECIMAL(18, 2))::VARCHAR
  FROM read_parquet('${copies}/events/*/*/*.parquet', hive_partitioning = true)
  WHERE date = DATE '2026-05-01' AND type = 'view' AND timestamp >= '2026-05-01' GROUP BY ALL
""").fetchall()
print(json.dumps(rows))
`;
    const ran = spawnSync(join(await pythonBin(), 'python'), ['-c', script]);
    expect(ran.stderr.toString()).toBe('');
    const ofDay = written.filter(
      ({ line }) => line.includes('"view"') && line.includes(`:${Date.UTC(2026, 4, 1, 12)},`),
    ).length;
    const price = (12.5 * ofDay).toFixed(2);
    expect(JSON.parse(ran.stdout.toString())).toEqual([
      ['2026-05-01', 'view', ofDay, ofDay, price],
    ]);
  });
});
