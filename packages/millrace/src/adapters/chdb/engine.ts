import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { drainPending, Session } from 'chdb';
import { MillraceError } from '../../errors.ts';
import type { ReadResult, StoreError } from '../../ports/store.ts';
import { identifier, settingsList, stringLiteral } from '../clickhouse/sql-text.ts';
import { cancelled, storeError } from '../clickhouse/store-error.ts';
import { type Scratch, scratchFiles } from './scratch.ts';
import { SessionPool } from './session-pool.ts';
import { stoppable } from './stoppable.ts';

export interface EngineOptions {
  /** The engine's own folder. Only one process can have it open. */
  readonly folder: string;
  /** Questions answered at the same time. */
  readonly readersMax?: number;
  /** The engine's memory in all: inserts, merges, questions and caches. Default 4 GiB. */
  readonly memoryBytesMax?: number;
}

export interface EngineCall {
  readonly database: string;
  readonly settings?: { readonly [name: string]: string | number };
  /** Whether the engine is to refuse writes, and files. */
  readonly readOnly?: boolean;
  readonly format?: string;
  readonly params?: { readonly [name: string]: unknown };
  /** The same as ClickHouse's HTTP interface takes them: text, escaped as in TSV. */
  readonly textParams?: { readonly [name: string]: string };
  readonly signal?: AbortSignal;
}

const writersMax = 3;

/**
 * ClickHouse in this process: statements, each in a session of its own, so many
 * at once.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export class Engine {
  readonly #folder: string;
  /** Keeps the engine alive between statements, and changes the schema. */
  readonly #keeper: Session;
  readonly #scratch: Scratch;
  readonly #writers: SessionPool;
  readonly #readers: SessionPool;

  constructor(options: EngineOptions) {
    const { folder, readersMax = 4 } = options;
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#keeper = openSession(folder, engineArguments(options));
    // The engine's lock is held now: nobody else reads files from there.
    this.#scratch = scratchFiles(join(folder, 'scratch'));
    this.#writers = new SessionPool(async () => openSession(folder), writersMax);
    this.#readers = new SessionPool(async () => openSession(folder), readersMax);
  }

  /** Runs one that changes the schema. @throws StoreError */
  async define(sql: string, database?: string): Promise<void> {
    try {
      if (database !== undefined) await this.#keeper.queryAsync(`USE ${identifier(database)}`);
      await this.#keeper.queryAsync(sql);
    } catch (error) {
      throw engineError(error);
    }
  }

  /** Runs one that inserts. @throws StoreError */
  write(sql: string, call: EngineCall): Promise<ReadResult> {
    return this.#writers.use((session) => this.#run(session, sql, call));
  }

  /** Runs one that asks. @throws StoreError */
  read(sql: string, call: EngineCall): Promise<ReadResult> {
    return this.#readers.use((session) => this.#run(session, sql, call));
  }

  /** The bytes in a file while the work goes on: the engine's lexer would go through text behind a statement. */
  withFile<Result>(bytes: Uint8Array, work: (path: string) => Promise<Result>): Promise<Result> {
    return this.#scratch.with(bytes, work);
  }

  async close(): Promise<void> {
    this.#keeper.close();
    await drainPending();
    this.#scratch.remove();
  }

  async #run(session: Session, sql: string, call: EngineCall): Promise<ReadResult> {
    const { database, readOnly = false, params = {}, textParams = {}, signal } = call;
    // The engine gives each statement an id but does not say which; the comment finds it.
    const log_comment = randomUUID();
    const format = { format: call.format ?? 'JSONEachRow' };
    const started = performance.now();
    try {
      await session.queryAsync(`USE ${identifier(database)}`);
      const values = Object.entries(textParams).map(([name, text]) => [`param_${name}`, text]);
      const settings = settingsList({
        ...Object.fromEntries(values),
        ...call.settings,
        log_comment,
      });
      // The engine itself refuses writes and further settings from here on.
      await session.queryAsync(`SET ${settings}${readOnly ? ', readonly = 1' : ''}`);
      const run = () =>
        Object.keys(params).length > 0
          ? session.queryBindAsync(sql, params, format)
          : session.queryAsync(sql, format);
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
      throw signal?.aborted ? cancelled(error) : engineError(error);
    }
  }

  async #kill(comment: string): Promise<void> {
    const session = openSession(this.#folder);
    try {
      await session.queryAsync(
        `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(comment)} ASYNC`,
      );
    } finally {
      session.close();
    }
  }
}

/** Where the rows were put for the engine to read is nobody's concern. */
const scratchFile = /\s*: \(in file\/uri [^)]*\)/g;

function engineError(error: unknown): StoreError {
  const said = error instanceof Error ? error.message : String(error);
  const message = said.replaceAll(scratchFile, '');
  const code = error instanceof Error && 'clickhouseCode' in error ? error.clickhouseCode : null;
  return typeof code === 'number' ? storeError(message, error, code) : storeError(message, error);
}

/** The engine takes these when it opens a folder; later sessions share them. */
function engineArguments({ memoryBytesMax = 4 * 1024 ** 3 }: EngineOptions): string[] {
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
