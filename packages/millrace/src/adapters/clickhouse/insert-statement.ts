import type { ComputedBatch, GivenRows, InsertBatch, LogPlace } from '../../ports/store.ts';
import { identifier, settingsList, stringLiteral } from './sql-text.ts';
import { lateInsert } from './store-error.ts';
import type { TableShape } from './table-shape.ts';

/**
 * Every setting that decides how an insert is cut into blocks, pinned: a batch
 * must be one block, or half of it could land (see `docs/decisions`).
 */
const oneBlock = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_insert_select: 'force_enable',
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: 1,
  max_block_size: 1_000_000_000,
  max_insert_block_size: 1_000_000_000,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 1_000_000_000_000,
  min_insert_block_size_rows_for_materialized_views: 1_000_000_000,
  min_insert_block_size_bytes_for_materialized_views: 1_000_000_000_000,
} as const;

/**
 * Into replicated tables, the targets of views among them, an insert has succeeded
 * once most replicas have it: else the loss of one could lose what the loader has
 * committed. Other tables pass this over. When a replica is away for longer the
 * insert fails, and the same one tried later waits for the same parts.
 */
const onMostReplicas = {
  insert_quorum: 'auto',
  insert_quorum_parallel: 1,
  insert_quorum_timeout: 60_000,
} as const;

/** Rows are numbered as they are read, so they must be read in their order. */
const inOrder = { max_threads: 1, input_format_parallel_parsing: 1 } as const;

/** How JSON becomes columns: as it came, nothing guessed from what a string looks like. */
const asItCame = {
  json_type_escape_dots_in_keys: 1,
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  input_format_try_infer_exponent_floats: 1,
  input_format_json_try_infer_numbers_from_strings: 0,
  input_format_skip_unknown_fields: 0,
  input_format_null_as_default: 0,
  insert_allow_materialized_columns: 1,
} as const;

/** Groups beyond this go to disk while they are computed. */
const groupsInMemoryBytesMax = 256 * 1024 * 1024;

export function computedInsertStatement(
  { statement, token }: ComputedBatch,
  { partitionsPerInsertMax }: { readonly partitionsPerInsertMax: number },
): string {
  const settings = {
    ...oneBlock,
    ...onMostReplicas,
    max_bytes_before_external_group_by: groupsInMemoryBytesMax,
    max_partitions_per_insert_block: partitionsPerInsertMax,
    insert_deduplication_token: token,
  };
  return `${statement}\nSETTINGS ${settingsList(settings)}`;
}

/** The lines as the engine gets at them. */
export interface Lines {
  /** A table function over lines of these columns, e.g. `input('id UInt64')`. */
  readonly from: (structure: string) => string;
  readonly shape: TableShape;
}

/** The statement that inserts a batch. */
export function insertStatement(
  batch: InsertBatch,
  { partitionsPerInsertMax, ...lines }: Lines & { readonly partitionsPerInsertMax: number },
): string {
  const { names, select } = rowsOf(batch, lines);
  const settings = {
    ...oneBlock,
    ...onMostReplicas,
    ...inOrder,
    ...asItCame,
    max_partitions_per_insert_block: partitionsPerInsertMax,
    insert_deduplication_token: batch.token,
  };
  return `INSERT INTO ${batch.table} (${names})
${missingOf(batch, inTime(batch, select))}
SETTINGS ${settingsList(settings)}`;
}

/**
 * Not `now64`, which is the time when the statement came: its rows may come much
 * later, or the statement wait. This is asked once all rows are read, just before
 * they are written.
 */
const inTime = ({ deadlineMs }: InsertBatch, select: string): string =>
  deadlineMs === undefined
    ? select
    : `${select}
WHERE throwIf(nowInBlock64(3) > fromUnixTimestamp64Milli(${deadlineMs}), ${stringLiteral(lateInsert)}) = 0`;

/** Numbers all rows, and then leaves out those that are there. */
function missingOf(
  { table, rows, place, onlyMissing = false }: InsertBatch,
  select: string,
): string {
  if (place === undefined || !onlyMissing) return select;
  const { partition, offset, gaps = [] } = place;
  const to = offset + rows + gaps.reduce((sum, { offsets }) => sum + offsets, 0);
  return `SELECT * FROM (${select})
WHERE _offset NOT IN (SELECT _offset FROM ${table} WHERE _partition = ${partition} AND _offset >= ${offset} AND _offset < ${to})`;
}

/** A question about rows, which it knows as the table `given`. */
export const givenStatement = (rows: GivenRows, lines: Lines, sql: string): string =>
  `WITH given AS (${rowsOf(rows, lines).select})\n${sql}`;

/** Under these a row is read as an insert reads it. */
export const asInserted = { ...inOrder, ...asItCame } as const;

function rowsOf({ columns, place }: GivenRows, { from, shape }: Lines) {
  const placed = place ? { _partition: `${place.partition}`, _offset: offsetOf(place) } : {};
  const given = shape.filter((column) =>
    columns
      ? columns.includes(column.name)
      : column.default_type === '' && !(column.name in placed),
  );
  const names = given.map((column) => identifier(column.name));
  const structure = given.map(({ type }, i) => `${names[i]} ${type}`).join(', ');
  const values = [
    ...Object.entries(placed).map(([name, value]) => `${value} AS ${name}`),
    ...names,
  ];
  return {
    names: [...Object.keys(placed), ...names].join(', '),
    select: `SELECT ${values.join(', ')}
FROM ${from(structure)}`,
  };
}

function offsetOf({ offset, gaps = [] }: LogPlace): string {
  if (gaps.length === 0) return `${offset} + rowNumberInAllBlocks()`;
  const rows = gaps.map(({ row }) => row);
  const skipped = gaps.map(({ offsets }) => offsets);
  return `${offset} + (rowNumberInAllBlocks() AS _row) + arraySum((row, offsets) -> if(_row >= row, offsets, 0), [${rows}]::Array(UInt64), [${skipped}]::Array(UInt64))`;
}
