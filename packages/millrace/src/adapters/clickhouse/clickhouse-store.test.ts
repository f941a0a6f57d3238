import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeStore } from '../../ports/store.suite.ts';
import { type RunningStore, serveStore } from '../../runtime/serve-store.ts';
import { openClickHouseStore } from './clickhouse-store.ts';
import { insertStatement } from './insert-statement.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
let server: RunningStore;
beforeAll(async () => {
  server = await serveStore({
    data: folder,
    host: '127.0.0.1',
    port: 0,
    readKeys: ['secret'],
    storeMemoryMb: 1_024,
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describeStore('ClickHouse over HTTP', () =>
  openClickHouseStore({ url: server.url, password: 'secret', database: 'millrace' }),
);

test('a wrong key is refused', async () => {
  await expect(
    openClickHouseStore({ url: server.url, password: 'wrong', database: 'millrace' }),
  ).rejects.toMatchObject({ code: 516, retry: 'same' });
});

test('a store that cannot be reached may be tried again', async () => {
  await expect(
    openClickHouseStore({ url: 'http://127.0.0.1:1', database: 'millrace' }),
  ).rejects.toMatchObject({ code: 0, retry: 'same' });
});

test('an insert whose rows come after its deadline is refused', async () => {
  const store = await openClickHouseStore({
    url: server.url,
    password: 'secret',
    database: 'millrace',
  });
  await store.define('CREATE TABLE slow (id UInt64) ENGINE = MergeTree ORDER BY id');
  const cell = async (sql: string) =>
    Number(Buffer.from((await store.read(sql, { format: 'TSV' })).bytes).toString());
  const now = () => cell('SELECT toUnixTimestamp64Milli(now64(3))');
  const deadlineMs = (await now()) + 500;
  const batch = { table: 'slow', lines: Buffer.alloc(0), rows: 2, token: 'slow', deadlineMs };
  const statement = insertStatement(batch, {
    from: (structure) => `input('${structure}')`,
    shape: [{ name: 'id', type: 'UInt64', default_type: '' }],
    partitionsPerInsertMax: 1,
  });
  const search = new URLSearchParams({
    database: 'millrace',
    query: `${statement}\nFORMAT JSONEachRow`,
  });
  const lines = async function* () {
    yield Buffer.from('{"id":1}\n');
    await expect.poll(now, { timeout: 30_000 }).toBeGreaterThan(deadlineMs);
    yield Buffer.from('{"id":2}\n');
  };
  const response = await fetch(`${server.url}/?${search}`, {
    method: 'POST',
    headers: { 'X-ClickHouse-Key': 'secret' },
    body: ReadableStream.from(lines()),
    duplex: 'half',
  });
  expect(response.headers.get('X-ClickHouse-Exception-Code')).toBe('395');
  expect(await response.text()).toContain('the deadline of this insert has passed');
  expect(await cell('SELECT count() FROM slow')).toBe(0);
  await store.close();
});

test("the official client's own inserts arrive", async () => {
  const client = createClient({ url: server.url, password: 'secret' });
  await client.command({ query: 'CREATE TABLE pairs (a UInt8, b String) ENGINE = Memory' });
  await client.insert({
    table: 'pairs',
    values: [{ a: 1, b: "it's; -- x" }],
    format: 'JSONEachRow',
    columns: ['a', 'b'],
  });
  await client.insert({ table: 'pairs', values: [[2, 'SETTINGS']] });
  const rows = await client.query({ query: 'SELECT * FROM pairs ORDER BY a' });
  expect(await rows.json()).toMatchObject({
    data: [
      { a: 1, b: "it's; -- x" },
      { a: 2, b: 'SETTINGS' },
    ],
  });
  await client.close();
});
