import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { holdRows } from '../../../../tests/support/held-rows.ts';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import { localProgress } from '../adapters/local-progress/local-progress.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Log } from '../ports/log.ts';
import type { InsertDeadline, LogRange } from '../ports/progress.ts';
import type { Store } from '../ports/store.ts';
import { InsertDeadlines } from './insert-deadlines.ts';
import { Loader } from './loader.ts';

const storeFolder = mkdtempSync(join(tmpdir(), 'millrace-deadlines-store-'));
let store: Store;
beforeAll(async () => {
  store = await openChdbStore({ folder: storeFolder, database: 'millrace' });
});
afterAll(async () => {
  await store.close();
  rmSync(storeFolder, { recursive: true, force: true });
});

/** Few, so that a test can make the table forget. */
const partsRemembered = 12;
const rows = 30;
/** As each row says, a third in each. */
const partitions = 3;

let serial = 0;
let folder: string;
let table: string;
let log: Log;
let doubts: LogRange[];

beforeEach(async () => {
  serial += 1;
  folder = mkdtempSync(join(tmpdir(), 'millrace-deadlines-'));
  table = `moves_${serial}`;
  const settings = `SETTINGS non_replicated_deduplication_window = ${partsRemembered}`;
  await store.define(
    `CREATE TABLE ${table} (_partition UInt32, _offset UInt64, id UInt64, k UInt8)
     ENGINE = MergeTree PARTITION BY k ORDER BY id ${settings}`,
  );
  await store.define(
    `CREATE TABLE ${table}_sums (k UInt8, n UInt64) ENGINE = SummingMergeTree ORDER BY k ${settings}`,
  );
  await store.define(`CREATE TABLE ${table}_gate (shut UInt8) ENGINE = MergeTree ORDER BY shut`);
  await store.define(
    `CREATE MATERIALIZED VIEW ${table}_fill TO ${table}_sums AS SELECT k, count() AS n FROM ${table}
     WHERE throwIf((SELECT count() FROM ${table}_gate) > 0) = 0 GROUP BY k`,
  );
  log = await openSegmentLog({ folder: join(folder, 'log'), clock: systemClock });
  await log.append(
    Array.from({ length: rows }, (_, id) => ({
      key: `${id}`,
      value: JSON.stringify({ id, k: id % partitions }),
    })),
  );
  doubts = [];
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

const whole = { from: 0, to: rows };
const past = 1;

const openDeadlines = (insertMs = 60_000) =>
  new InsertDeadlines({
    store,
    table,
    partsRemembered,
    insertMs,
    onDoubt: ({ from, to }) => doubts.push({ from, to }),
  });

/** What another loader inserted of the log, before it was gone. */
const insert = async (deadlineMs?: number) => {
  const { lines } = await log.read(0, { rowsMax: rows, bytesMax: 1_000_000 });
  await store.insert({
    table,
    lines,
    rows,
    place: { partition: 0, offset: 0 },
    token: `${table}/0/0-${rows}`,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
};

/** Others insert so much that the table has forgotten what it knew, but for the newest parts. */
const forget = async () => {
  const inserts = partsRemembered / partitions;
  for (let n = 0; n < inserts; n += 1) {
    const lines = [0, 1, 2].map((k) => `{"_partition":1,"_offset":${n},"id":0,"k":${k}}\n`);
    const columns = ['_partition', '_offset', 'id', 'k'];
    const token = `other ${n}`;
    await store.insert({ table, columns, lines: Buffer.from(lines.join('')), rows: 3, token });
  }
};

/** Goes on where another loader was, whose deadline is over. */
const takeOver = async (deadline: Omit<InsertDeadline, 'atMs'>) => {
  const progress = localProgress(join(folder, 'progress.json'));
  await progress.save({
    committed: 0,
    intents: [{ ...whole, deadline: { ...deadline, atMs: past } }],
  });
  const loader = new Loader({
    log,
    store,
    progress,
    deadlines: openDeadlines(),
    clock: systemClock,
    table,
    topic: table,
    partition: 0,
    refuse: async () => {},
    onRetry: () => {},
  });
  await loader.recover();
  expect(loader.committed).toBe(rows);
};

const cell = async (sql: string) =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .trim();
/** Rows of our partition, how many there are of each, and how many the view counted of all. */
const stored = () =>
  cell(
    `SELECT countIf(_partition = 0), uniqExactIf(id, _partition = 0), countIf(_partition = 0 AND id != _offset),
       (SELECT sum(n) FROM ${table}_sums) - countIf(_partition = 1) FROM ${table}`,
  );
const parts = async () =>
  Number(await cell(`SELECT max(max_block_number) FROM system.parts WHERE table = '${table}'`));

test('a range whose token is remembered is completed under it, in the view as well', async () => {
  await store.define(`INSERT INTO ${table}_gate VALUES (1)`);
  await expect(insert()).rejects.toMatchObject({ retry: 'same' });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t0`);
  await store.define(`TRUNCATE TABLE ${table}_gate`);
  await takeOver({ sinceParts: 0, onlyMissing: false });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows}`);
  expect(doubts).toEqual([]);
});

test('a range whose token may be forgotten, and that is there, is not inserted again', async () => {
  await insert();
  await forget();
  await takeOver({ sinceParts: 0, onlyMissing: false });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows}`);
  expect(doubts).toEqual([whole]);
  // Its token alone would not have kept it out of the table; the view makes fewer parts.
  await insert();
  expect(await stored()).toBe(`${2 * rows}\t${rows}\t0\t${rows}`);
});

test('of a range whose token may be forgotten, and that is there in part, the rest is inserted', async () => {
  await store.define(`INSERT INTO ${table}_gate VALUES (1)`);
  await expect(insert()).rejects.toMatchObject({ retry: 'same' });
  await store.define(`TRUNCATE TABLE ${table}_gate`);
  await store.define(`ALTER TABLE ${table} DROP PARTITION 1`);
  await forget();
  await takeOver({ sinceParts: 0, onlyMissing: false });
  // The view has what was missing, and lacks the rest, of which the loader tells.
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows / partitions}`);
  expect(doubts).toEqual([whole]);
});

test('a range of which nothing is there is inserted as for the first time', async () => {
  await forget();
  await takeOver({ sinceParts: 0, onlyMissing: false });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows}`);
  expect(doubts).toEqual([]);
});

test('when the newest parts are gone, what the table has decides', async () => {
  await insert();
  await takeOver({ sinceParts: 1 + (await parts()), onlyMissing: false });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows}`);
  expect(doubts).toEqual([whole]);
});

test('a loader that sleeps until its token is forgotten inserts nothing when it wakes', async () => {
  const { atMs, sinceParts } = await openDeadlines(500).first();
  expect(sinceParts).toBe(0);
  // Another one took over, and inserted the range.
  await insert();
  await forget();
  const nowMs = () => cell('SELECT toUnixTimestamp64Milli(now64(3))').then(Number);
  await expect.poll(nowMs).toBeGreaterThan(atMs);
  await expect(insert(atMs)).rejects.toMatchObject({ retry: 'late' });
  expect(await stored()).toBe(`${rows}\t${rows}\t0\t${rows}`);
  // Without a deadline it would have stored all of it twice.
  await insert();
  expect(await stored()).toBe(`${2 * rows}\t${rows}\t0\t${rows}`);
});

test('nothing is decided while an insert of the range is under way', async () => {
  await forget();
  const token = `${table}/0/0-${rows}`;
  // One that takes its time, under the token of the range.
  const held = holdRows(join(folder, 'held'));
  const slow = store.insertComputed({
    statement: `INSERT INTO ${table} SELECT 2, id, id, 0 FROM ${held.from}`,
    token,
  });
  const processes = () =>
    cell(
      `SELECT count() FROM system.processes WHERE Settings['insert_deduplication_token'] = '${token}'`,
    );
  await expect.poll(processes, { interval: 20 }).toBe('1');
  const range = { ...whole, partition: 0, rows, token };
  const deadlines = openDeadlines();
  const passed = { atMs: past, sinceParts: 0, onlyMissing: false };
  await expect(deadlines.next(passed, range)).rejects.toThrow('still under way');
  held.release();
  await slow;
  // The engine lists it for a moment still.
  const next = () => deadlines.next(passed, range).catch(String);
  await expect.poll(next).toMatchObject({ onlyMissing: false });
});
