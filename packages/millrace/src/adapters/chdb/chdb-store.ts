import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { drainPending, Session } from 'chdb';
import { MillraceError } from '../../errors.ts';
import {
  type ComputedBatch,
  type GivenRows,
  type InsertBatch,
  type ReadOptions,
  type ReadResult,
  type Store,
  StoreError,
} from '../../ports/store.ts';
import { storeError } from './engine-error.ts';
import {
  asInserted,
  computedInsertStatement,
  givenStatement,
  insertStatement,
  type TableShape,
} from './insert-statement.ts';
import { type Scratch, scratchFiles } from './scratch.ts';
import { SessionPool } from './session-pool.ts';
import { identifier, settingsList, stringLiteral } from './sql-text.ts';
import { stoppable } from './stoppable.ts';

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

/** Statements over stored rows: times are UTC; and compiled, min and max of times before 1970 come out wrong. */
const asReadersExpect = { session_timezone: 'UTC', compile_aggregate_expressions: 0 } as const;

/**
 * ClickHouse in this process.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export async function openChdbStore(options: ChdbStoreOptions): Promise<Store> {
  mkdirSync(options.folder, { recursive: true });
  const store = new ChdbStore(options);
  await store.define(`CREATE DATABASE IF NOT EXISTS ${identifier(options.database)}`);
  await store.define(`USE ${identifier(options.database)}`);
  return store;
}

class ChdbStore implements Store {
  readonly #options: ChdbStoreOptions;
  readonly #useDatabase: string;
  readonly #scratch: Scratch;
  /** Of the tables inserted into since the schema last changed. */
  readonly #shapes = new Map<string, TableShape>();
  /** Keeps the engine alive between statements. */
  readonly #keeper: Session;
  readonly #writers: SessionPool;
  readonly #readers: SessionPool;

  constructor(options: ChdbStoreOptions) {
    this.#options = options;
    this.#useDatabase = `USE ${identifier(options.database)}`;

    this.#keeper = openSession(options.folder, engineArguments(options));
    // The engine's lock is held now: nobody else reads files from there.
    this.#scratch = scratchFiles(join(options.folder, 'scratch'));
    this.#writers = new SessionPool(async () => openSession(options.folder), 3);
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
    } finally {
      this.#shapes.clear();
    }
  }

  /** The engine reads the rows from a file: text behind a statement would pass through its SQL lexer. */
  async insert(batch: InsertBatch): Promise<void> {
    await this.#writers.use((session) =>
      this.#scratch.with(batch.lines, async (file) => {
        try {
          await session.queryAsync(this.#useDatabase);
          const shape = await this.#shapeOf(batch.table, session);
          const { partitionsPerInsertMax = 100 } = this.#options;
          await session.queryAsync(insertStatement(batch, { file, shape, partitionsPerInsertMax }));
        } catch (error) {
          throw storeError(error);
        }
      }),
    );
  }

  async insertComputed(batch: ComputedBatch): Promise<void> {
    const { partitionsPerInsertMax = 100 } = this.#options;
    await this.#writers.use(async (session) => {
      try {
        await session.queryAsync(this.#useDatabase);
        await session.queryAsync(`SET ${settingsList(asReadersExpect)}`);
        await session.queryAsync(computedInsertStatement(batch, { partitionsPerInsertMax }));
      } catch (error) {
        throw storeError(error);
      }
    });
  }

  read(sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    // The engine itself refuses writes and further settings from here on.
    return this.#ask(sql, options, ', readonly = 1');
  }

  async #ask(sql: string, options: ReadOptions, readOnly: string): Promise<ReadResult> {
    const { signal } = options;
    // The engine gives each statement an id but does not say which; the comment finds it.
    const log_comment = randomUUID();
    const settings = { ...asReadersExpect, ...options.settings, log_comment };
    return this.#readers.use(async (session) => {
      const started = performance.now();
      try {
        await session.queryAsync(this.#useDatabase);
        await session.queryAsync(`SET ${settingsList(settings)}${readOnly}`);
        const call = { format: options.format ?? 'JSONEachRow' };
        const run = () =>
          options.params && Object.keys(options.params).length > 0
            ? session.queryBindAsync(sql, options.params, call)
            : session.queryAsync(sql, call);
        signal?.throwIfAborted();
        const result = signal
          ? await stoppable(signal, () => this.#kill(log_comment), run)
          : await run();
        return {
          bytes: result.bytes(),
          rowsRead: result.rowsRead,
          bytesRead: result.bytesRead,
          elapsedMs: performance.now() - started,
        };
      } catch (error) {
        throw signal?.aborted ? cancelled(error) : storeError(error);
      }
    });
  }

  readGiven(rows: GivenRows, sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    return this.#scratch.with(rows.lines, async (file) => {
      const shape = await this.#readers.use(async (session) => {
        await session.queryAsync(this.#useDatabase);
        return this.#shapeOf(rows.table, session);
      });
      const settings = { ...options.settings, ...asInserted };
      // A connection that is read-only to the engine reads no files.
      return this.#ask(givenStatement(rows, { file, shape }, sql), { ...options, settings }, '');
    });
  }

  async #kill(comment: string): Promise<void> {
    const session = openSession(this.#options.folder);
    try {
      await session.queryAsync(
        `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(comment)} ASYNC`,
      );
    } finally {
      session.close();
    }
  }

  async close(): Promise<void> {
    this.#keeper.close();
    await drainPending();
    this.#scratch.remove();
  }

  async #shapeOf(table: string, session: Session): Promise<TableShape> {
    const known = this.#shapes.get(table);
    if (known !== undefined) return known;
    const result = await session.queryAsync(`DESCRIBE TABLE ${table}`, { format: 'JSONEachRow' });
    const lines = result.text().split('\n').filter(Boolean);
    const shape = lines.map((line): TableShape[number] => JSON.parse(line));
    this.#shapes.set(table, shape);
    return shape;
  }
}

const cancelled = (cause: unknown): StoreError =>
  new StoreError(
    394,
    'Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)',
    'same',
    { cause },
  );

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
