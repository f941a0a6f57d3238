import type { Store } from '../ports/store.ts';
import { SqlRefusal } from '../query/sql-guard/index.ts';
import type { SqlLimits } from './sql-limits.ts';

/**
 * How an answer is written; they change nothing of what is read. Those that
 * could make it much longer (widths, the words for true and false) are left out.
 */
const writing =
  /^(output_format_(json|csv|tsv|decimal|parquet|arrow|markdown|values|native|binary)_\w+|output_format_pretty_(color|row_numbers|grid_charset)|output_format_write_statistics|date_time_output_format)$/;

/** How a question is computed, with no way to reach anything else. */
const computing: ReadonlySet<string> = new Set([
  'join_use_nulls',
  'group_by_use_nulls',
  'extremes',
  'aggregate_functions_null_for_empty',
  'union_default_mode',
  'intersect_default_mode',
  'except_default_mode',
  'enable_positional_arguments',
  'transform_null_in',
  'asterisk_include_materialized_columns',
  'asterisk_include_alias_columns',
  'final',
  'prefer_column_name_to_alias',
  'session_timezone',
  'join_algorithm',
  'limit',
  'max_result_rows',
  'result_overflow_mode',
  'max_rows_to_read',
  'max_bytes_to_read',
]);

/** What clients send by habit and what has no meaning here. */
const ignored: ReadonlySet<string> = new Set([
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_write_exception_in_output_format',
  // Of the sending: see `waitsForEnd`.
  'wait_end_of_query',
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'add_http_cors_header',
  'send_timeout',
  'receive_timeout',
  'http_send_timeout',
  'http_receive_timeout',
  'connect_timeout',
  'log_comment',
  'priority',
  'use_uncompressed_cache',
  'allow_experimental_analyzer',
  'enable_analyzer',
  'allow_experimental_json_type',
  'enable_json_type',
  'allow_experimental_object_type',
  'allow_experimental_variant_type',
  'allow_experimental_dynamic_type',
  'http_zlib_compression_level',
  'log_queries',
  'async_insert',
  'wait_for_async_insert',
]);

type Settings = { readonly [name: string]: string | number };

/** The settings every question runs with. */
export function limitSettings(limits: SqlLimits): Settings {
  return {
    max_execution_time: limits.executionTimeMaxS,
    max_memory_usage: limits.memoryMaxBytes,
    max_result_bytes: limits.resultMaxBytes,
    max_temporary_data_on_disk_size_for_query: limits.temporaryMaxBytes,
    max_threads: limits.threadsMax,
  };
}

/**
 * The limits, with what the reader asked for where that is allowed.
 *
 * @throws SqlRefusal `READONLY`, as ClickHouse answers, for any other setting.
 */
export function readerSettings(
  asked: Iterable<readonly [name: string, value: string]>,
  limits: SqlLimits,
): Settings {
  const ceilings: Settings = {
    ...limitSettings(limits),
    max_result_bytes: limits.answerMaxBytes,
    // So much of a file the engine has in memory until it is written.
    output_format_parquet_row_group_size: 1_000_000,
    output_format_parquet_row_group_size_bytes: 128 * 1024 ** 2,
  };
  const settings: Record<string, string | number> = { ...ceilings };
  for (const [name, value] of asked) {
    const ceiling = ceilings[name];
    if (typeof ceiling === 'number') settings[name] = Math.min(ceiling, positive(name, value));
    else if (writing.test(name) || computing.has(name)) settings[name] = value;
    else if (name === 'readonly' && (value === '1' || value === '2')) continue;
    else if (!ignored.has(name)) {
      throw new SqlRefusal('READONLY', `Cannot modify '${name}' setting in readonly mode`);
    }
  }
  return settings;
}

/** Whether the reader wants an error as a status also where there were rows before it. */
export const waitsForEnd = (asked: Iterable<readonly [name: string, value: string]>): boolean =>
  [...asked].some(([name, value]) => name === 'wait_end_of_query' && /^(1|true)$/i.test(value));

/**
 * What a reader finds in `system.settings`: the settings that a question may
 * name, with the values they have if it does not. Drivers ask for it as they
 * connect, and send only what it holds.
 */
export async function settingsQuestion(store: Store, limits: SqlLimits): Promise<string> {
  const named = [...Object.keys(limitSettings(limits)), ...computing, ...ignored];
  const { bytes } = await store.read(
    `SELECT groupArray((name, multiIf(name = 'enable_http_compression', '0', name = 'log_comment', '', value), type, default))
     FROM system.settings WHERE match(name, {names:String})`,
    {
      format: 'TabSeparatedRaw',
      settings: limitSettings(limits),
      params: { names: `${writing.source}|^(${named.join('|')}|enable_http_compression)$` },
    },
  );
  // The engine writes an array as the literal that it reads.
  return `SELECT s.1 AS name, s.2 AS value, toUInt8(0) AS readonly, s.3 AS type, s.4 AS default
    FROM (SELECT arrayJoin(${Buffer.from(bytes).toString().trim()}) AS s)`;
}

/** Zero means "no limit" to ClickHouse, which here is the ceiling. */
function positive(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) {
    throw new SqlRefusal('BAD_ARGUMENTS', `The setting ${name} needs a number, not ${value}`);
  }
  return number === 0 ? Number.MAX_SAFE_INTEGER : number;
}
