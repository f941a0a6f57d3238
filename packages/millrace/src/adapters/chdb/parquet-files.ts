import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveFile } from '../../ports/archive-encoder.ts';
import { resultRows } from '../../ports/result-rows.ts';
import { settingsList, stringLiteral } from '../clickhouse/sql-text.ts';
import type { Engine } from './engine.ts';

/** Of a line. What is nested stays the text it was, so that the line can be written again as it was. */
const structure = [
  ...['_partition UInt32', '_offset UInt64', 'event_id String', 'type String'],
  ...['timestamp Int64', 'received_at Int64', 'appended_at Int64', 'late Bool'],
  ...['user_id', 'anonymous_id', 'session_id', 'properties', 'context'].map(
    (name) => `${name} Nullable(String)`,
  ),
].join(', ');

const time = (name: string): string => `fromUnixTimestamp64Milli(${name}, 'UTC') AS ${name}`;

const columns = [
  ...['event_id', 'type', time('timestamp'), time('received_at'), time('appended_at'), 'late'],
  ...['user_id', 'anonymous_id', 'session_id', 'properties', 'context', '_partition', '_offset'],
].join(', ');

/** Before 1970 as well, where `toDate` is always the first day of it. */
const date = "formatDateTime(timestamp, '%F')";

/** How files are written. */
export const parquetSettings = {
  output_format_parquet_compression_method: 'zstd',
  // A text in Parquet is marked as one, so that other tools know it from bytes.
  output_format_parquet_string_as_string: 1,
};

const settings = {
  ...parquetSettings,
  input_format_json_read_objects_as_strings: 1,
  input_format_skip_unknown_fields: 0,
  // However many days and types there are.
  max_partitions_per_insert_block: 0,
};

/** @throws StoreError */
export async function parquetFiles(
  engine: Engine,
  lines: Uint8Array,
): Promise<readonly ArchiveFile[]> {
  if (lines.length === 0) return [];
  return engine.withFile(lines, async (path) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
    try {
      const from = `file(${stringLiteral(path)}, 'JSONEachRow', ${stringLiteral(structure)})`;
      const to = (name: string): string => `file(${stringLiteral(join(folder, name))}, 'Parquet')`;
      await engine.write(
        `INSERT INTO FUNCTION ${to('{_partition_id}.parquet')}
         PARTITION BY lower(hex(sipHash128(${date}, type)))
         SELECT ${columns} FROM ${from}
         ORDER BY type, timestamp, _partition, _offset
         SETTINGS ${settingsList(settings)}`,
        { database: 'default' },
      );
      const found = await engine.read(
        `SELECT _file AS file, any(${date}) AS date, any(type) AS type, toFloat64(count()) AS rows
         FROM ${to('*.parquet')} GROUP BY _file ORDER BY date, type`,
        { database: 'default' },
      );
      const files = resultRows<Omit<ArchiveFile, 'bytes'> & { readonly file: string }>(found);
      return await Promise.all(
        files.map(async ({ file, ...rest }) => ({
          ...rest,
          bytes: await readFile(join(folder, file)),
        })),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
