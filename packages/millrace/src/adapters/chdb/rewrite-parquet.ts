import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RewrittenFile } from '../../ports/archive-rewriter.ts';
import { resultRows } from '../../ports/result-rows.ts';
import { settingsList, stringLiteral } from '../clickhouse/sql-text.ts';
import type { Engine } from './engine.ts';
import { parquetSettings } from './parquet-files.ts';

/** Those who send and ask go on meanwhile. */
const gently = {
  max_threads: 1,
  max_memory_usage: 1024 ** 3,
  max_bytes_before_external_sort: 256 * 1024 ** 2,
};

/** @throws StoreError */
export async function rewriteParquet(
  engine: Engine,
  files: readonly Uint8Array[],
  without: readonly number[],
): Promise<RewrittenFile | null> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  try {
    for (const [n, bytes] of files.entries()) {
      await writeFile(join(folder, `${n}.parquet`), bytes, { mode: 0o600 });
    }
    await writeFile(join(folder, 'without.csv'), without.join('\n'), { mode: 0o600 });
    const at = (name: string): string => stringLiteral(join(folder, name));
    const leftOut = `SELECT c FROM file(${at('without.csv')}, 'CSV', 'c UInt64')`;
    await engine.write(
      `INSERT INTO FUNCTION file(${at('all.rewritten')}, 'Parquet')
       SELECT * FROM file(${at('*.parquet')}, 'Parquet')
       ${without.length === 0 ? '' : `WHERE _offset NOT IN (${leftOut})`}
       ORDER BY timestamp, _partition, _offset
       SETTINGS ${settingsList({ ...parquetSettings, ...gently })}`,
      { database: 'default' },
    );
    const found = await engine.read(
      `SELECT toFloat64(count()) AS rows FROM file(${at('all.rewritten')}, 'Parquet')`,
      { database: 'default' },
    );
    const [{ rows } = { rows: 0 }] = resultRows<{ readonly rows: number }>(found);
    return rows === 0 ? null : { rows, bytes: await readFile(join(folder, 'all.rewritten')) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
