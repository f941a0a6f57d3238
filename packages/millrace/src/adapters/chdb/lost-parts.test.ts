import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../ports/store.ts';
import { openChdbStore } from './chdb-store.ts';

const database = 'd';
let folder: string;
let store: Store;
const open = async (): Promise<void> => {
  store = await openChdbStore({ folder, database });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-lost-parts-'));
  await open();
  const remembered = 'SETTINGS non_replicated_deduplication_window = 100';
  await store.define(
    `CREATE TABLE given (k UInt8, v UInt64) ENGINE = MergeTree PARTITION BY k ORDER BY v ${remembered}`,
  );
  await store.define(
    `CREATE TABLE counted (k UInt8, n UInt64) ENGINE = SummingMergeTree PARTITION BY k ORDER BY k ${remembered}`,
  );
  await store.define(
    'CREATE MATERIALIZED VIEW counting TO counted AS SELECT k, count() AS n FROM given GROUP BY k',
  );
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ten rows, five in each of two partitions. */
const insert = (token: string): Promise<void> => {
  const lines = Array.from({ length: 10 }, (_, v) => `{"k":${v % 2},"v":${v}}\n`).join('');
  return store.insert({ table: 'given', lines: Buffer.from(lines), rows: 10, token });
};

async function rows(): Promise<string> {
  const sql = `SELECT (SELECT groupArray((k, n)) FROM (SELECT k, count() AS n FROM given GROUP BY k ORDER BY k)),
                      (SELECT groupArray((k, n)) FROM (SELECT k, sum(n) AS n FROM counted GROUP BY k ORDER BY k))`;
  const { bytes } = await store.read(sql, { format: 'TSV' });
  return Buffer.from(bytes).toString().trim();
}

/** As a kill leaves it between the token and the name of a part. */
async function losePart(table: string, partition: string): Promise<void> {
  await store.close();
  const at = join(folder, 'data', database, table);
  for (const name of readdirSync(at)) {
    if (name.startsWith(`${partition}_`)) rmSync(join(at, name), { recursive: true });
  }
  await open();
}

const once = '[(0,5),(1,5)]\t[(0,5),(1,5)]';

describe('an insert that is repeated after a crash', () => {
  test('brings a part of the table back whose token was known alone', async () => {
    await insert('a');
    expect(await rows()).toBe(once);
    await losePart('given', '1');
    expect(await rows()).toBe('[(0,5)]\t[(0,5),(1,5)]');
    await insert('a');
    expect(await rows()).toBe(once);
  });

  test('brings back a part of what a view fills', async () => {
    await insert('a');
    await losePart('counted', '0');
    await insert('a');
    expect(await rows()).toBe(once);
  });

  test('changes nothing where all is there, merged or not', async () => {
    await insert('a');
    await store.define('OPTIMIZE TABLE given FINAL');
    await insert('b');
    await store.define('OPTIMIZE TABLE given FINAL');
    await store.define('OPTIMIZE TABLE counted FINAL');
    await store.close();
    await open();
    await insert('a');
    await insert('b');
    expect(await rows()).toBe('[(0,10),(1,10)]\t[(0,10),(1,10)]');
  });
});
