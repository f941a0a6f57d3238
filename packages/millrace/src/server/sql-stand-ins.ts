import type { Store } from '../ports/store.ts';
import type { SqlLimits } from './sql-limits.ts';
import { limitSettings, settingsQuestion } from './sql-settings.ts';

/**
 * What tools read of the engine's own tables to show what there is, made anew
 * for a reader who may read these tables: each a question that holds its rows.
 */
export const standInQuestions =
  (store: Store, limits: SqlLimits) =>
  async (tables: readonly string[]): Promise<{ readonly [table: string]: string }> => {
    const rows = (columns: string, from: string, order: string): Promise<string> =>
      rowsOf(store, limits, `SELECT ${columns} FROM ${from} ORDER BY ${order}`, tables);
    const [settings, tableRows, columnRows] = await Promise.all([
      settingsQuestion(store, limits),
      rows('name, engine, sorting_key, primary_key, partition_key', tablesOf('name'), 'name'),
      rows(
        `table, name, type, position, character_octet_length, numeric_precision, numeric_scale,
         datetime_precision, is_in_partition_key, is_in_sorting_key, is_in_primary_key`,
        columnsOf,
        'table, position',
      ),
    ]);
    return {
      'system.settings': settings,
      'system.databases': databases,
      'system.tables': tablesQuestion(tableRows),
      'system.columns': columnsQuestion(columnRows),
    };
  };

const named = (column: string): string =>
  `WHERE database = currentDatabase() AND has({tables:Array(String)}, ${column})`;
const tablesOf = (column: string): string => `system.tables ${named(column)}`;
const columnsOf = `system.columns ${named('table')}`;

/** Their rows as an array of tuples, as the engine writes and reads it. */
async function rowsOf(
  store: Store,
  limits: SqlLimits,
  question: string,
  tables: readonly string[],
): Promise<string> {
  const { bytes } = await store.read(`SELECT groupArray(tuple(*)) FROM (${question})`, {
    format: 'TabSeparatedRaw',
    settings: limitSettings(limits),
    // They are names: nothing in them has to be escaped.
    params: { tables: `[${tables.map((table) => `'${table}'`).join(',')}]` },
  });
  return Buffer.from(bytes).toString().trim();
}

const databases = `SELECT currentDatabase() AS name, 'Atomic' AS engine, '' AS data_path,
  '' AS metadata_path, toUUID('00000000-0000-0000-0000-000000000000') AS uuid, '' AS comment`;

/** What is not the reader's to know is empty, so that tools that ask for it go on. */
const tablesQuestion = (rows: string): string => `SELECT currentDatabase() AS database, r.1 AS name,
  toUUID('00000000-0000-0000-0000-000000000000') AS uuid, r.2 AS engine, toUInt8(0) AS is_temporary,
  CAST([], 'Array(String)') AS data_paths, '' AS metadata_path,
  toDateTime(0) AS metadata_modification_time, '' AS create_table_query, r.2 AS engine_full,
  '' AS as_select, r.5 AS partition_key, r.3 AS sorting_key, r.4 AS primary_key, '' AS sampling_key,
  CAST(NULL, 'Nullable(UInt64)') AS total_rows, CAST(NULL, 'Nullable(UInt64)') AS total_bytes,
  '' AS comment
  FROM (SELECT arrayJoin(CAST(${rows}, 'Array(Tuple(String, String, String, String, String))')) AS r)`;

const columnsQuestion = (
  rows: string,
): string => `SELECT currentDatabase() AS database, r.1 AS table,
  r.2 AS name, r.3 AS type, r.4 AS position, '' AS default_kind, '' AS default_expression,
  toUInt64(0) AS data_compressed_bytes, toUInt64(0) AS data_uncompressed_bytes,
  toUInt64(0) AS marks_bytes, '' AS comment, r.9 AS is_in_partition_key, r.10 AS is_in_sorting_key,
  r.11 AS is_in_primary_key, toUInt8(0) AS is_in_sampling_key, '' AS compression_codec,
  r.5 AS character_octet_length, r.6 AS numeric_precision,
  if(r.6 IS NULL, NULL, CAST(10, 'Nullable(UInt64)')) AS numeric_precision_radix,
  r.7 AS numeric_scale, r.8 AS datetime_precision
  FROM (SELECT arrayJoin(CAST(${rows}, 'Array(Tuple(String, String, String, UInt64, Nullable(UInt64), Nullable(UInt64), Nullable(UInt64), Nullable(UInt64), UInt8, UInt8, UInt8))')) AS r)`;
