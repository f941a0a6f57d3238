import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { holdRows } from '../../../../../tests/support/held-rows.ts';
import { describeStore } from '../../ports/store.suite.ts';
import { openChdbStore } from './chdb-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openChdbStore({ folder, database: 'millrace' });

describeStore('chDB', open);

test('what was inserted is there after the store is opened again', async () => {
  const first = await open();
  await first.define('CREATE TABLE kept (id UInt8) ENGINE = MergeTree ORDER BY id');
  await first.insert({ table: 'kept', lines: Buffer.from('{"id":7}\n'), rows: 1, token: 'a' });
  await first.close();
  const again = await open();
  const { bytes } = await again.read('SELECT id FROM kept', { format: 'TSV' });
  expect(Buffer.from(bytes).toString()).toBe('7\n');
  await again.close();
});

test('an insert that waits for others until its deadline is refused', async () => {
  const store = await open();
  await store.define('CREATE TABLE waiting (id UInt64) ENGINE = MergeTree ORDER BY id');
  const cell = async (sql: string) =>
    Number(Buffer.from((await store.read(sql, { format: 'TSV' })).bytes).toString());
  const held = [1, 2, 3].map((n) => holdRows(join(folder, `held-${n}`)));
  const others = held.map(({ from }) =>
    store.insertComputed({ statement: `INSERT INTO waiting SELECT id FROM ${from}`, token: from }),
  );
  const inserts = () =>
    cell("SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO waiting%'");
  await expect.poll(inserts, { interval: 10 }).toBe(3);
  const now = () => cell('SELECT toUnixTimestamp64Milli(now64(3))');
  const deadlineMs = (await now()) + 200;
  const batch = { table: 'waiting', lines: Buffer.from('{"id":7}\n'), rows: 1, token: 'a' };
  const waiting = store.insert({ ...batch, deadlineMs });
  const refused = expect(waiting).rejects.toMatchObject({ retry: 'late' });
  await expect.poll(now).toBeGreaterThan(deadlineMs);
  for (const rows of held) rows.release();
  await Promise.all([refused, ...others]);
  expect(await cell('SELECT count() FROM waiting')).toBe(3);
  await store.close();
});

test('a folder whose name is a pattern to the engine is a folder', async () => {
  const odd = join(folder, 'a{b,c}*?');
  const store = await openChdbStore({ folder: odd, database: 'millrace' });
  await store.define('CREATE TABLE kept (id UInt8) ENGINE = MergeTree ORDER BY id');
  await store.insert({ table: 'kept', lines: Buffer.from('{"id":7}\n'), rows: 1, token: 'a' });
  const { bytes } = await store.read('SELECT id FROM kept', { format: 'TSV' });
  expect(Buffer.from(bytes).toString()).toBe('7\n');
  await store.close();
});

test('a folder that another process has open is refused', async () => {
  const store = await open();
  const script = `
    const { Session } = require('chdb');
    try { new Session(${JSON.stringify(folder)}); console.log('opened'); }
    catch { console.log('refused'); }`;
  const other = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(other.stdout.trim()).toBe('refused');
  await store.close();
});

test('an answer that is taken slowly holds up neither inserts nor other answers', async () => {
  const store = await openChdbStore({ folder, database: 'millrace', answersOnDiskBytesMax: 30e6 });
  await store.define('CREATE TABLE beside (id UInt64) ENGINE = MergeTree ORDER BY id');
  const cell = async (sql: string) =>
    Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
      .toString()
      .trim();
  const rowBinary = { format: 'RowBinary' };
  // More of them than run at once, 8 MB each.
  const slow = Array.from({ length: 4 }, () =>
    store.stream('SELECT number FROM numbers(1000000)', rowBinary),
  );
  const begun = slow.map(({ chunks }) => chunks[Symbol.asyncIterator]());
  for (const chunks of begun) expect((await chunks.next()).done).toBe(false);
  // They end although nobody takes more of them.
  await Promise.all(slow.map(({ ended }) => ended));

  // One more finds no room on the disk, and waits with its statement; nobody else does.
  const waiting = store.stream('SELECT number FROM numbers(1000000)', rowBinary);
  const last = waiting.chunks[Symbol.asyncIterator]();
  let bytes = (await last.next()).value.byteLength;
  await store.insert({ table: 'beside', lines: Buffer.from('{"id":7}\n'), rows: 1, token: 'a' });
  expect(await cell('SELECT id FROM beside')).toBe('7');
  const running = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT number FROM%'";
  await expect.poll(() => cell(running)).toBe('1');

  await Promise.all(slow.map((answer) => answer.leave()));
  for (let next = await last.next(); !next.done; next = await last.next()) {
    bytes += next.value.byteLength;
  }
  expect(bytes).toBe(8_000_000);
  await waiting.leave();
  await store.close();
});

test('a store that is closed does not wait for a reader', async () => {
  const store = await openChdbStore({ folder, database: 'millrace', answersOnDiskBytesMax: 1e6 });
  const answer = store.stream('SELECT number FROM numbers(1000000)', { format: 'RowBinary' });
  // It waits for room that nobody makes.
  const chunks = answer.chunks[Symbol.asyncIterator]();
  expect((await chunks.next()).done).toBe(false);
  const closing = store.close();
  await expect(answer.ended).rejects.toMatchObject({ code: 394 });
  await closing;
});

test('removing many parts takes few threads', async () => {
  const store = await open();
  const number = async (sql: string) =>
    Number(Buffer.from((await store.read(sql, { format: 'TSV' })).bytes).toString());
  const metric = (name: string) =>
    number(`SELECT value FROM system.metrics WHERE metric = '${name}'`);
  // As if there were very many.
  const many = 'SETTINGS concurrent_part_removal_threshold = 1';
  await store.define(
    `CREATE TABLE cut (id UInt64) ENGINE = MergeTree ORDER BY id PARTITION BY id ${many}`,
  );
  const lines = Buffer.from(Array.from({ length: 30 }, (_, id) => `{"id":${id}}\n`).join(''));
  await store.insert({ table: 'cut', lines, rows: 30, token: 'a' });
  const before = await metric('GlobalThread');
  await store.define('ALTER TABLE cut DROP PARTITION ALL');
  expect((await metric('GlobalThread')) - before).toBeLessThan(15);
  await store.close();
});

test('a statement whose answer nobody takes any more ends', async () => {
  const store = await open();
  const cell = async (sql: string) =>
    Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
      .toString()
      .trim();
  // Of few bytes in memory, and 8 GB as they are written: between them the engine looks at nothing.
  const answer = store.stream(
    "SELECT toLowCardinality(repeat('a', 1000000)) AS left_alone FROM numbers(8192)",
    { format: 'RowBinary' },
  );
  for await (const chunk of answer.chunks) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    break;
  }
  await answer.leave();
  await expect(answer.ended).rejects.toMatchObject({ code: 394 });
  const running =
    "SELECT count() FROM system.processes WHERE query LIKE 'SELECT toLowCardinality%'";
  await expect.poll(() => cell(running)).toBe('0');
  await store.close();
});
