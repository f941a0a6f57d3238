import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FaultyLink } from '../../../../../tests/support/faulty-link.ts';
import { describeStore } from '../../ports/store.suite.ts';
import type { Store } from '../../ports/store.ts';
import { type RunningStore, serveStore } from '../../runtime/serve-store.ts';
import { openClickHouseStore } from './clickhouse-store.ts';
import { insertStatement } from './insert-statement.ts';
import type { StoreWaits } from './store-waits.ts';

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
    await expect.poll(now).toBeGreaterThan(deadlineMs);
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

test('readers who leave in the middle of their answers hold nobody up', async () => {
  const store = await openClickHouseStore({
    ...{ url: server.url, password: 'secret', database: 'millrace' },
  });
  const leaving = Array.from({ length: 12 }, async () => {
    const answer = store.stream('SELECT repeat(toString(number), 20) FROM numbers(200000)');
    await answer.chunks[Symbol.asyncIterator]().next();
    await answer.leave();
  });
  await Promise.all(leaving);
  await store.close();
});

describe('over a link', () => {
  let link: FaultyLink;
  let store: Store;
  beforeEach(async () => {
    link = await FaultyLink.to(server.url);
  });
  afterEach(async () => {
    await store.close();
    await link.close();
  });
  const connect = async (waits: Partial<StoreWaits>): Promise<Store> => {
    store = await openClickHouseStore({
      ...{ url: link.url, password: 'secret', database: 'millrace', waits },
    });
    return store;
  };
  // Longer than a busy machine stands still.
  const hasty = { askEveryMs: 100, signMsMax: 3_000 };
  const lost = { code: 0, retry: 'same', message: expect.stringMatching(/^Nothing came from/) };
  const insert = (token: string): Promise<void> =>
    store.insert({ table: 'linked', lines: Buffer.from('{"id":1}\n'), rows: 1, token });

  test('that leads nowhere, everything is given up, and goes on over another connection', async () => {
    await connect(hasty);
    await store.define(
      `CREATE TABLE linked (id UInt64) ENGINE = MergeTree ORDER BY id
       SETTINGS non_replicated_deduplication_window = 100`,
    );
    await insert('first');
    link.silence();
    const given = [store.read('SELECT 1'), insert('second'), store.define('DROP TABLE linked')];
    const fails = (work: Promise<unknown>) => expect(work).rejects.toMatchObject(lost);
    await Promise.all([...given, connect(hasty)].map(fails));
    link.mend();
    await insert('first');
    await insert('second');
    const { bytes } = await store.read('SELECT count() FROM linked', { format: 'TSV' });
    expect(Buffer.from(bytes).toString()).toBe('2\n');
  });

  test('that leads nowhere in the middle of an answer, the rest of it is given up', async () => {
    await connect(hasty);
    link.slow({ latencyMs: 0, bytesPerSecond: 1_000_000 });
    const answer = store.stream('SELECT repeat(toString(number), 20) FROM numbers(200000)');
    const chunks = answer.chunks[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.byteLength).toBeGreaterThan(0);
    link.silence();
    const rest = async (): Promise<void> => {
      while (!(await chunks.next()).done);
    };
    await expect(rest()).rejects.toMatchObject(lost);
    await answer.leave();
  });

  test('that has lost a connection alone, a question is given up some time after its limit', async () => {
    await connect({ overtimeMsMax: 200 });
    link.silence();
    const asked = expect(
      store.read('SELECT 1', { settings: { max_execution_time: 1 } }),
    ).rejects.toMatchObject({ code: 0, message: 'No answer came within 1200 ms.' });
    await expect.poll(() => link.lostBytes).toBeGreaterThan(0);
    link.mend();
    await asked;
  });

  test('that has lost a connection alone, so is an insert, and an answer that has begun', async () => {
    await connect({ insertSilenceMsMax: 4_000, pieceMsMax: 4_000 });
    await store.define('CREATE TABLE lone (id UInt64) ENGINE = MergeTree ORDER BY id');
    const lone = { table: 'lone', lines: Buffer.from('{"id":1}\n'), rows: 1, token: 'lone' };
    await store.insert(lone);
    link.slow({ latencyMs: 0, bytesPerSecond: 1_000_000 });
    const answer = store.stream('SELECT repeat(toString(number), 20) FROM numbers(200000)');
    const chunks = answer.chunks[Symbol.asyncIterator]();
    await chunks.next();
    link.silence();
    const again = store.insert({ ...lone, token: 'again' });
    const rest = async (): Promise<void> => {
      while (!(await chunks.next()).done);
    };
    const given = [
      expect(again).rejects.toMatchObject({ code: 0, retry: 'same' }),
      expect(rest()).rejects.toMatchObject({ code: 0 }),
    ];
    // Of the answer some are lost as well.
    const before = link.lostRequestBytes;
    await expect.poll(() => link.lostRequestBytes).toBeGreaterThan(before);
    link.mend();
    await Promise.all(given);
    await answer.leave();
  });

  test('a server that takes its time is waited for', async () => {
    await connect(hasty);
    const { bytes } = await store.read('SELECT sleep(3)', { format: 'TSV' });
    expect(Buffer.from(bytes).toString()).toBe('0\n');
  });
});
