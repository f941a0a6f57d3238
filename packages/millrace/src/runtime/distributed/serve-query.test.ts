import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventStream } from '../../../../../tests/support/event-stream.ts';
import { FaultyLink } from '../../../../../tests/support/faulty-link.ts';
import ledger from '../../../../../tests/support/ledger.config.ts';
import { openClickHouseStore } from '../../adapters/clickhouse/clickhouse-store.ts';
import { clickhouseDdl } from '../../compile/clickhouse/ddl.ts';
import { planOf } from '../../plan/plan-of.ts';
import type { Store } from '../../ports/store.ts';
import { database } from '../database.ts';
import { type RunningStore, serveStore } from '../serve-store.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { serveQuery } from './serve-query.ts';

const pipeline = fileURLToPath(
  new URL('../../../../../tests/support/ledger.config.ts', import.meta.url),
);
const folder = mkdtempSync(join(tmpdir(), 'millrace-query-'));
const problems: string[] = [];

let server: RunningStore;
let store: Store;
let settings: RoleSettings;
beforeAll(async () => {
  const host = '127.0.0.1';
  server = await serveStore({ data: folder, host, port: 0, readKeys: [], storeMemoryMb: 1_024 });
  store = await openClickHouseStore({ url: server.url, database });
  settings = {
    pipeline,
    host,
    port: 0,
    writeKeys: [],
    readKeys: ['r'],
    // Nobody is there.
    kafka: ['127.0.0.1:1'],
    data: null,
    spillMb: 1,
    ingestTopic: '',
    redisUrl: '',
    storeUrl: server.url,
    storeUser: 'default',
    storePassword: '',
    webhookSecret: '',
    storeMemoryMb: 1_024,
    questionRowsMax: 1_000_000,
    archive: '',
    archiveSeconds: 3_600,
    archiveCompactRanges: 24,
    s3Endpoint: '',
  };
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const serve = (storeUrl = server.url): Promise<RunningRole> =>
  serveQuery({ ...settings, storeUrl }, (what) => problems.push(what));

const ask = (role: RunningRole, path: string, body?: string): Promise<Response> =>
  fetch(`${role.url}${path}`, {
    headers: { authorization: 'Bearer r' },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });

const orders = JSON.stringify({ from: 'purchase', measures: { orders: { kind: 'count' } } });

test('refuses a store without its tables, and one with others', async () => {
  await expect(serve()).rejects.toMatchObject({
    code: 'tables_missing',
    message: expect.stringContaining('events, dead_letters, '),
  });
  for (const statement of clickhouseDdl(planOf(ledger), { database }).statements) {
    await store.define(statement);
  }
  await store.define('ALTER TABLE by_minute__v1 DROP COLUMN people');
  await expect(serve()).rejects.toMatchObject({
    code: 'tables_differ',
    message: expect.stringContaining('has by_minute__v1.people otherwise'),
  });
  await store.define('DROP TABLE by_minute__v1');
  for (const statement of clickhouseDdl(planOf(ledger), { database }).statements) {
    await store.define(statement);
  }
});

test('says soon that nothing comes from the store, and answers again when it does', async () => {
  const link = await FaultyLink.to(server.url);
  const role = await serve(link.url);
  const question = async () => (await ask(role, '/v1/query', orders)).status;
  const readiness = async () => (await ask(role, '/readyz')).status;
  expect([await question(), await readiness()]).toEqual([200, 200]);
  link.silence();
  const answer = await ask(role, '/v1/query', orders);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ error: { code: 'store_unavailable' } });
  await expect.poll(readiness).toBe(503);
  link.mend();
  await expect.poll(readiness).toBe(200);
  expect(await question()).toBe(200);
  expect(problems).toContain('the store does not answer');
  await role.close();
  await link.close();
  problems.length = 0;
});

test('answers without Kafka, but does not say up to when; not without the store', async () => {
  const role = await serve();
  expect((await fetch(`${role.url}/v1/query`, { method: 'POST', body: orders })).status).toBe(401);
  const answer = await ask(role, '/v1/query', orders);
  expect(await answer.json()).toMatchObject({ rows: [{ orders: '0' }], as_of: null });
  const told = (): readonly string[] => [...new Set(problems)].sort();
  await expect
    .poll(told)
    .toEqual(['Kafka does not say how far its readers are', 'what was applied is not known']);

  const status = await ask(role, '/v1/status');
  expect(await status.json()).toMatchObject({
    runtime: 'distributed',
    stored: 0,
    accepted: null,
    as_of: null,
    lag_ms: null,
  });
  const metrics = await (await ask(role, '/metrics')).text();
  expect(metrics).toContain('millrace_events_stored_total 0');
  expect(metrics).not.toContain('millrace_lag_seconds');
  expect(await (await ask(role, '/v1/dead-letters')).json()).toEqual({ counts: [], letters: [] });
  const retry = await fetch(`${role.url}/v1/dead-letters/retry`, {
    method: 'PUT',
    headers: { authorization: 'Bearer r' },
  });
  expect(retry.status).toBe(501);
  expect(await retry.json()).toMatchObject({ error: { code: 'retry_unavailable' } });
  const { paths } = JSON.parse(await (await ask(role, '/openapi.json')).text());
  expect(Object.keys(paths)).toContain('/v1/query');
  // It takes no events, it finds them.
  expect(Object.keys(paths['/v1/events'])).toEqual(['get']);
  const found = await (await ask(role, '/v1/events?by=event_id&value=none')).json();
  expect(found).toEqual({ as_of: null, kept_since: null, events: [], next: null });
  expect(await (await ask(role, '/v1/storage')).json()).toEqual({ tables: [] });
  const stream = await EventStream.open(`${role.url}/v1/live`, undefined, {
    authorization: 'Bearer r',
  });
  const { event, data } = await stream.next();
  expect([event, JSON.parse(data)]).toMatchObject(['numbers', { stored: 0, accepted: null }]);
  stream.close();
  expect(await (await ask(role, '/')).text()).toContain('<title>');
  const refused = await ask(role, '/sql', "SELECT * FROM file('/etc/passwd')");
  expect([refused.status, await refused.text()]).toEqual([
    403,
    expect.stringContaining('ACCESS_DENIED'),
  ]);
  expect((await ask(role, '/readyz')).status).toBe(200);

  await server.close();
  const lost = await ask(role, '/v1/query', orders);
  expect(lost.status).toBe(503);
  expect(lost.headers.get('retry-after')).toBe('5');
  expect(await lost.json()).toMatchObject({ error: { code: 'store_unavailable' } });
  const sql = await ask(role, '/sql', 'SELECT count() FROM events');
  expect([sql.status, await sql.text()]).toEqual([
    503,
    expect.stringMatching(/^Code: 210\. .+\(NETWORK_ERROR\)\n$/),
  ]);
  const ready = async () => (await ask(role, '/readyz')).status;
  await expect.poll(ready).toBe(503);
  await role.close();
});
