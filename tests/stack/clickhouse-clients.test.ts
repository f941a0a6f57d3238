import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clickhouseGo } from '../../tools/stack/clickhouse-go.ts';
import { jdbcDriver } from '../../tools/stack/jdbc.ts';
import { pythonBin } from '../../tools/stack/python.ts';
import { MillraceProcess } from '../support/millrace-process.ts';

// ClickHouse's own clients in Python, Java and Go, unmodified, pointed at a running Millrace.

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'millrace-clients-'));
const writer = { authorization: 'Bearer w', 'content-type': 'application/json' };
const reader = { authorization: 'Bearer r' };

let millrace: MillraceProcess;
let host: string;
beforeAll(async () => {
  millrace = new MillraceProcess({
    pipeline: file('../support/ledger.config.ts'),
    data: join(folder, 'data'),
    env: { MILLRACE_WRITE_KEYS: 'w', MILLRACE_READ_KEYS: 'r,sums:tables=by_minute' },
  });
  const url = await millrace.url();
  host = new URL(url).host;
  const events = Array.from({ length: 3 }, (_, n) => ({
    type: 'purchase',
    event_id: `e${n}`,
    user_id: n === 2 ? "it's \\ ?" : 'ada',
    timestamp: '2026-05-01T12:00:00.125Z',
    properties: { product_id: `p${n}`, price: '12.50', currency: 'EUR', note: { a: [1] } },
  }));
  const body = JSON.stringify(events);
  const sent = await fetch(`${url}/v1/events`, { method: 'POST', headers: writer, body });
  expect(await sent.json()).toMatchObject({ accepted: 3 });
  const stored = async () =>
    (await fetch(`${url}/sql?query=SELECT+count()+FROM+events`, { headers: reader })).text();
  await vi.waitUntil(async () => (await stored()) === '3\n', { timeout: 60_000 });
});
afterAll(async () => {
  await millrace.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('clickhouse-connect does its everyday work', async () => {
  const ran = spawnSync(join(await pythonBin(), 'python'), [
    file('clickhouse_connect_everyday.py'),
    new URL(`http://${host}`).port,
    'r',
  ]);
  expect(ran.stderr.toString()).toMatch(/\nRan \d+ tests in [\d.]+s\n\nOK\n$/);
  expect(ran.status).toBe(0);
});

test("ClickHouse's JDBC driver does its everyday work", async () => {
  const program = file('JdbcEveryday.java');
  const { stdout } = await run('java', [
    ...['-cp', await jdbcDriver(), program],
    ...[host, 'r', 'sums'],
  ]);
  expect(stdout.trimEnd().split('\n')).toEqual([
    'tables: by_minute dead_letters events purchases_by_day',
    "columns: bucket DateTime64(0, 'UTC') type String product_id Nullable(String) events UInt64 amount Decimal(38, 2) lowest Nullable(Decimal(18, 2)) highest Nullable(Decimal(18, 2)) people UInt64",
    "prepared: e2,it's \\ ?; e1,ada; ",
    'types: purchase 2026-05-01T12:00:00.125Z true null 12.50 18446744073709551615 [1, 2] 12345678901234567890.25',
    'many rows: 44999850000',
    'cancelled: error 394',
    'unknown table: error 60',
    'insert: error 164',
    'after errors: 3',
    'limited tables: by_minute',
    'limited, listed: 3',
    'limited, not listed: error 497',
    'wrong key: error 516',
  ]);
});

test("ClickHouse's client in Go does its everyday work, as Grafana asks with it", async () => {
  const { stdout } = await run(await clickhouseGo(), [host, 'r', 'sums']);
  expect(stdout.trimEnd().split('\n')).toEqual([
    'ping: ok',
    'types: purchase 2026-05-01T12:00:00.125Z true true 12.50 18446744073709551615 [1 2] 1.5 2026-05-01 few',
    "columns: bucket DateTime64(0, 'UTC') type String product_id Nullable(String) events UInt64 amount Decimal(38, 2) lowest Nullable(Decimal(18, 2)) highest Nullable(Decimal(18, 2)) people UInt64",
    'bound: 1',
    'named: 2',
    'many rows: 300000 44999850000 <nil>',
    'row limit: 2 <nil>',
    'cancelled: true',
    'unknown table: Code: 60',
    'insert: Code: 164',
    'in the midst: true',
    'after errors: 3',
    'limited, listed: 3',
    'limited, not listed: Code: 497',
    'wrong key: Code: 516',
  ]);
});
