import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import type { Store } from '../ports/store.ts';
import { createSqlGuard } from '../query/sql-guard/index.ts';
import { sqlRoutes } from './sql-routes.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-routes-'));
const app = Fastify();
let store: Store;

beforeAll(async () => {
  store = await openChdbStore({ folder, database: 'shop' });
  await store.define(
    'CREATE TABLE events (event_id String, n Int64) ENGINE = MergeTree ORDER BY event_id',
  );
  await store.define('CREATE TABLE revenue__v1 (n Int64) ENGINE = MergeTree ORDER BY n');
  await store.insert({
    table: 'events',
    rows: 1,
    token: 'a',
    lines: Buffer.from('{"event_id":"e1","n":"7"}\n'),
  });
  const guard = createSqlGuard({ store, tables: ['events'], databases: ['shop', 'default'] });
  await app.register(sqlRoutes, {
    store,
    guard,
    requireRead: async () => {},
    databases: ['shop', 'default'],
  });
});
afterAll(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (query: string, more = '') =>
  app.inject(`/sql?query=${encodeURIComponent(query)}${more}`);

test('a question by GET is answered as ClickHouse does', async () => {
  const answer = await ask('SELECT event_id, n FROM events FORMAT JSONEachRow');
  expect(answer.body).toBe('{"event_id":"e1","n":7}\n');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['x-clickhouse-format']).toBe('JSONEachRow');
});

test('what may not be read is refused', async () => {
  for (const query of [
    'SELECT * FROM revenue__v1',
    "SELECT file('/etc/passwd')",
    'SELECT * FROM system.tables',
    'WITH revenue__v1 AS (SELECT * FROM revenue__v1) SELECT * FROM revenue__v1',
    'DROP TABLE events',
    'SELECT 1; SELECT 2',
  ]) {
    const answer = await ask(query);
    expect([query, answer.body]).toEqual([query, expect.stringContaining('DB::Exception')]);
  }
    (await ask('SELECT foo(')).body,
    (await ask('SELECT {x:Int64} + 1', '&param_x=41')).body,
  );
});
