import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
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
