import { mkdirSync } from 'node:fs';
import { drainPending, Session } from 'chdb';
import { MillraceError } from '../../errors.ts';
import type { InsertBatch, ReadOptions, ReadResult, Store } from '../../ports/store.ts';
import { storeError } from './engine-error.ts';
import { SessionPool } from './session-pool.ts';

export interface ChdbStoreOptions {
  /** The engine's own folder. Only one process can have it open. */
  readonly folder: string;
  readonly database: string;
  /** Questions answered at the same time. */
  readonly readersMax?: number;
  /** The most partitions that one insert may touch. */
  readonly partitionsPerInsertMax?: number;
  /** The engine's memory in all: inserts, merges, questions and caches. Default 4 GiB. */
  readonly memoryBytesMax?: number;
}

/**
 * Every setting that decides how an insert is cut into blocks, pinned: a batch
 * must be one block, or half of it could land (see `docs/decisions`).
 */
const oneBlock = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: 1,
  max_insert_block_size: 1_000_000_000,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 1_000_000_000_000,
  min_insert_block_size_rows_for_materialized_views: 1_000_000_000,
  min_insert_block_size_bytes_for_materialized_views: 1_000_000_000_000,
} as const;

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

/** Times are UTC; and compiled, min and max of times before 1970 come out wrong. */
const asReadersExpect = { session_timezone: 'UTC', compile_aggregate_expressions: 0 } as const;

/**
 * ClickHouse in this process.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export async function openChdbStore(options: ChdbStoreOptions): Promise<Store> {
  mkdirSync(options.folder, { recursive: true });
  const store = new ChdbStore(options);
  await store.define(`CREATE DATABASE IF NOT EXISTS \`${options.database}\``);
  await store.define(`USE \`${options.database}\``);
  return store;
}

class ChdbStore implements Store {
  readonly #options: ChdbStoreOptions;
  readonly #useDatabase: string;
  /** Keeps the engine alive between statements. */
  readonly #keeper: Session;
  readonly #writers: SessionPool;
  readonly #readers: SessionPool;

  constructor(options: ChdbStoreOptions) {
    this.#options = options;
    this.#useDatabase = `USE \`${options.database}\``;
    this.#keeper = openSession(options.folder, engineArguments(options));
    this.#writers = new SessionPool(async () => openSession(options.folder), 2);
    this.#readers = new SessionPool(
      async () => openSession(options.folder),
      options.readersMax ?? 4,
    );
  }

  async define(statement: string): Promise<void> {
    try {
      await this.#keeper.queryAsync(statement);
    } catch (error) {
      throw storeError(error);
    }
  }

  async insert(batch: InsertBatch): Promise<void> {
    await this.#writers.use(async (session) => {
      try {
        await session.queryAsync(this.#useDatabase);
        await session.insert({
          table: batch.table,
          values: batch.lines,
          format: 'JSONEachRow',
          ...(batch.columns ? { columns: batch.columns } : {}),
          settings: {
            ...oneBlock,
            ...asItCame,
            max_partitions_per_insert_block: this.#options.partitionsPerInsertMax ?? 100,
            insert_deduplication_token: batch.token,
          },
        });
      } catch (error) {
        throw storeError(error);
      }
    });
  }

  async read(sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    const settings = { ...asReadersExpect, ...options.settings };
    return this.#readers.use(async (session) => {
      const started = performance.now();
      try {
        await session.queryAsync(this.#useDatabase);
        // The engine itself refuses writes and further settings from here on.
        await session.queryAsync(`SET ${settingsList(settings)}, readonly = 1`);
        const call = {
          format: options.format ?? 'JSONEachRow',
          ...(options.signal ? { signal: options.signal } : {}),
        };
        const result =
          options.params && Object.keys(options.params).length > 0
            ? await session.queryBindAsync(sql, options.params, call)
            : await session.queryAsync(sql, call);
        return {
          bytes: result.bytes(),
          rowsRead: result.rowsRead,
          bytesRead: result.bytesRead,
          elapsedMs: performance.now() - started,
        };
      } catch (error) {
        throw storeError(error);
      }
    });
  }

  async close(): Promise<void> {
    this.#keeper.close();
    await drainPending();
  }
}

/** The engine takes these when it opens a folder; later sessions share them. */
function engineArguments({ memoryBytesMax = 4 * 1024 ** 3 }: ChdbStoreOptions): string[] {
  const cacheBytes = Math.floor(memoryBytesMax / 16);
  return [
    `--max_server_memory_usage=${memoryBytesMax}`,
    `--mark_cache_size=${cacheBytes}`,
    `--index_mark_cache_size=${cacheBytes}`,
    `--primary_index_cache_size=${cacheBytes}`,
  ];
}

function openSession(folder: string, connectionArgs: readonly string[] = []): Session {
  try {
    return new Session(folder, { connectionArgs });
  } catch (error) {
    throw new MillraceError(
      'data_folder_in_use',
      `The store in ${folder} cannot be opened: another process has it open, or the folder cannot be written.`,
      { cause: error },
    );
  }
}

function settingsList(settings: { readonly [name: string]: string | number }): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : quoted(value)}`)
    .join(', ');
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
