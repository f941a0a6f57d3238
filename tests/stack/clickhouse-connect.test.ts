import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonBin } from '../../tools/stack/python.ts';
import { MillraceProcess } from '../support/millrace-process.ts';

// Python's own client of ClickHouse, unmodified, pointed at a running Millrace.

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-python-'));
const writer = { authorization: 'Bearer w', 'content-type': 'application/json' };
const reader = { authorization: 'Bearer r' };

let millrace: MillraceProcess;
let url: string;
beforeAll(async () => {
  millrace = new MillraceProcess({
    pipeline: file('../support/ledger.config.ts'),
    data: join(folder, 'data'),
    env: { MILLRACE_WRITE_KEYS: 'w', MILLRACE_READ_KEYS: 'r' },
  });
  url = await millrace.url();
});
afterAll(async () => {
  await millrace.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('clickhouse-connect does its everyday work', async () => {
  const events = Array.from({ length: 3 }, (_, n) => ({
    type: 'purchase',
    event_id: `e${n}`,
    user_id: 'ada',
    timestamp: '2026-05-01T12:00:00.125Z',
    properties: { product_id: `p${n}`, price: '12.50', currency: 'EUR', note: { a: [1] } },
  }));
  const body = JSON.stringify(events);
  const sent = await fetch(`${url}/v1/events`, { method: 'POST', headers: writer, body });
  expect(await sent.json()).toMatchObject({ accepted: 3 });
  const stored = async () =>
    (await fetch(`${url}/sql?query=SELECT+count()+FROM+events`, { headers: reader })).text();
  await expect.poll(stored, { timeout: 10_000 }).toBe('3\n');

  const { port } = new URL(url);
  const ran = spawnSync(join(await pythonBin(), 'python'), [
    file('clickhouse_connect_everyday.py'),
    port,
    'r',
  ]);
  expect(ran.stderr.toString()).toMatch(/\nRan \d+ tests in [\d.]+s\n\nOK\n$/);
  expect(ran.status).toBe(0);
});
