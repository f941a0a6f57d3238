import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openClickHouseStore } from '../adapters/clickhouse/clickhouse-store.ts';
import { localProgress } from '../adapters/local-progress/local-progress.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Log } from '../ports/log.ts';
import type { LogRange, ProgressKeeper } from '../ports/progress.ts';
import type { Store } from '../ports/store.ts';
import { type RunningStore, serveStore } from '../runtime/serve-store.ts';
import { Loader, type LoaderOptions } from './loader.ts';

/**
 * What goes wrong when batches are repeated without more care than to repeat
 * them, each shown on the store itself, and beside it that the loader does not
 * fall into it.
 */
const storeFolder = mkdtempSync(join(tmpdir(), 'millrace-retries-store-'));
let server: RunningStore;
let store: Store;
const openStore = (insertSilenceMsMax = 75_000) =>
  openClickHouseStore({ url: server.url, database: 'millrace', waits: { insertSilenceMsMax } });
beforeAll(async () => {
  server = await serveStore({
    data: storeFolder,
    host: '127.0.0.1',
    port: 0,
    readKeys: [],
    storeMemoryMb: 1_024,
  });
  store = await openStore();
});
afterAll(async () => {
  await store.close();
  await server.close();
  rmSync(storeFolder, { recursive: true, force: true });
});

let serial = 0;
let folder: string;
let table: string;
let log: Log;
let progress: ProgressKeeper;
let retries: string[];

const records = 30;
beforeEach(async () => {
  serial += 1;
  folder = mkdtempSync(join(tmpdir(), 'millrace-retries-'));
  for (const name of [`by_hand_${serial}`, `by_loader_${serial}`]) {
    table = name;
    await store.define(
      `CREATE TABLE ${name} (_partition UInt32, _offset UInt64, id UInt64, k UInt8)
       ENGINE = MergeTree PARTITION BY k ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
    );
  }
  log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  progress = localProgress(join(folder, 'progress.json'));
  retries = [];
  await log.append(
    Array.from({ length: records }, (_, id) => ({
      key: `${id}`,
      value: `{"id":${id},"k":${id % 3}}`,
    })),
  );
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a loader that was killed had begun, and inserted, and not committed. */
const wasKilledAfter = async (range: LogRange) => {
  await progress.save({ committed: 0, intents: [range] });
  await insert(table, range, `${table}/0/${range.from}-${range.to}`);
};

const loadAll = async (more: Partial<LoaderOptions> = {}) => {
  const loader = new Loader({
    log,
    store,
    progress,
    clock: systemClock,
    table,
    topic: table,
    partition: 0,
    lingerMs: 0,
    refuse: async () => {},
    onRetry: (error) => retries.push(String(error)),
    ...more,
  });
  await loader.recover();
  loader.start();
  await loader.settled(log.end);
  await loader.stop();
};

const insert = async (into: string, { from, to }: LogRange, token: string) => {
  const { lines } = await log.read(from, { rowsMax: to - from, bytesMax: 1_000_000 });
  const place = { partition: 0, offset: from };
  await store.insert({ table: into, lines, rows: to - from, place, token });
};
const stored = async (name: string) =>
  Buffer.from(
    (await store.read(`SELECT count(), uniqExact(id) FROM ${name}`, { format: 'TSV' })).bytes,
  )
    .toString()
    .trim();

test('a batch that is repeated with another end is stored twice, or not whole', async () => {
  const byHand = `by_hand_${serial}`;
  // A token for each range: the first 20 are there, and are inserted again with the next ten.
  await insert(byHand, { from: 0, to: 20 }, '0-20');
  await insert(byHand, { from: 0, to: 30 }, '0-30');
  expect(await stored(byHand)).toBe('50\t30');
  // A token for where a batch begins: what is new in it is taken for what was there.
  await store.define(`TRUNCATE TABLE ${byHand}`);
  await insert(byHand, { from: 0, to: 20 }, 'from 0');
  await insert(byHand, { from: 0, to: 30 }, 'from 0');
  expect(await stored(byHand)).toBe('20\t20');

  await wasKilledAfter({ from: 0, to: 20 });
  await loadAll({ rowsMax: 7 });
  expect(await stored(table)).toBe('30\t30');
});

test('rows that are equal to others are not stored where their content is the token', async () => {
  const byHand = `by_hand_${serial}`;
  const same = '{"id":1,"k":1,"_partition":0,"_offset":0}';
  const columns = '_partition, _offset, id, k';
  const bare = (settings: string) =>
    store.define(
      `INSERT INTO ${byHand} (${columns}) SETTINGS ${settings} FORMAT JSONEachRow ${same}`,
    );
  await bare('async_insert = 0');
  await bare('async_insert = 0');
  expect(await stored(byHand)).toBe('1\t1');

  await log.append(
    Array.from({ length: 10 }, (_, id) => ({
      key: `again ${id}`,
      value: `{"id":${id},"k":${id % 3}}`,
    })),
  );
  await loadAll({ rowsMax: 10 });
  expect(await stored(table)).toBe('40\t30');
});

test('what was deleted does not come back under its token', async () => {
  const byHand = `by_hand_${serial}`;
  await insert(byHand, { from: 0, to: 30 }, '0-30');
  await store.define(`DELETE FROM ${byHand} WHERE id < 10`);
  await insert(byHand, { from: 0, to: 30 }, '0-30');
  expect(await stored(byHand)).toBe('20\t20');

  // To load a log again after all was deleted is another history: it has a name of its own.
  await loadAll();
  await store.define(`DELETE FROM ${table} WHERE 1`);
  progress = localProgress(join(folder, 'again.json'));
  await loadAll({ topic: `${table} again` });
  expect(await stored(table)).toBe('30\t30');
});

test('an insert that was done, and whose answer did not come in time, is repeated and counts once', async () => {
  const byHand = `by_hand_${serial}`;
  const hasty = await openStore(1_500);
  await store.define(
    'CREATE TABLE IF NOT EXISTS gate (shut UInt8) ENGINE = MergeTree ORDER BY shut',
  );
  await store.define(
    `CREATE TABLE ${table}_counted (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 1000`,
  );
  // A view that takes its time while the gate is shut: the rows are there, and no answer.
  for (const name of [byHand, table]) {
    await store.define(
      `CREATE MATERIALIZED VIEW ${name}_slow TO ${table}_counted AS SELECT id AS n FROM ${name}
       WHERE sleepEachRow(0.25 * (SELECT count() FROM gate)) = 0`,
    );
  }
  await store.define('INSERT INTO gate VALUES (1)');
  const { lines } = await log.read(0, { rowsMax: 10, bytesMax: 1_000_000 });
  const batch = { table: byHand, lines, rows: 10, place: { partition: 0, offset: 0 } };
  await expect(hasty.insert({ ...batch, token: 'first try' })).rejects.toMatchObject({
    retry: 'same',
  });
  await expect.poll(() => stored(byHand)).toBe('10\t10');
  await store.define('TRUNCATE TABLE gate');
  await store.insert({ ...batch, token: 'second try' });
  expect(await stored(byHand)).toBe('20\t10');

  await store.define(`TRUNCATE TABLE ${table}_counted`);
  await store.define('INSERT INTO gate VALUES (1)');
  const loaded = loadAll({ store: hasty, rowsMax: 10 });
  await expect.poll(() => retries.length).toBeGreaterThan(0);
  await store.define('TRUNCATE TABLE gate');
  await loaded;
  await hasty.close();
  expect(await stored(table)).toBe('30\t30');
  const counted = `SELECT count(), uniqExact(n) FROM ${table}_counted`;
  const { bytes } = await store.read(counted, { format: 'TSV' });
  expect(Buffer.from(bytes).toString().trim()).toBe('30\t30');
});
