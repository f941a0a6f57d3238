import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { drainPending, Session } from 'chdb';
import { MillraceError } from '../../errors.ts';
import type { AnswerStream } from '../../ports/answer-stream.ts';
import { type ReadResult, type ReadTotals, StoreError } from '../../ports/store.ts';
import { withFirstOf } from '../../with-first-of.ts';
import { identifier, settingsList, stringLiteral } from '../clickhouse/sql-text.ts';
import { cancelled, storeError } from '../clickhouse/store-error.ts';
import { DiskRoom } from './disk-room.ts';
import { makeNamedPipes, NamedPipe } from './named-pipe.ts';
import { type Scratch, scratchFiles } from './scratch.ts';
import { SessionPool } from './session-pool.ts';
import { Spool } from './spool.ts';
import { stoppable } from './stoppable.ts';

export interface EngineOptions {
  /** The engine's own folder. Only one process can have it open. */
  readonly folder: string;
  /** The engine's memory in all: inserts, merges, questions and caches. Default 4 GiB. */
  readonly memoryBytesMax?: number;
  /** The disk in all for answers that their readers have not taken yet, as far as there is some. Default 4 GiB. */
  readonly answersOnDiskBytesMax?: number;
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

/** The log takes no events any more where less than a quarter of it is free. */
const answersLeaveFreeBytes = 256 * 1024 ** 2;

function freeBytesAt(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const writersMax = 3;
const partsCleanersMax = 4;
/** Questions answered at the same time, but for those whose answers are streamed. */
export const readersMax = 4;

/**
 * Whoever waits for its pipe to be taken holds a thread of libuv's pool, and what
 * is taken needs another one to be written to disk. These are fewer than the pool
 * ever has, whatever its size was meant to be: it may have been in use before that
 * was said.
 */
const streamsMax = Math.min(3, Number(process.env.UV_THREADPOOL_SIZE ?? 4) - 1);

const streamSettings = {
  // Several blocks would be in memory as text.
  output_format_parallel_formatting: 0,
  // Before it is written, a column of one value has it as often as its block has rows.
  max_block_size: 8_192,
};

/**
 * ClickHouse in this process: statements, each in a session of its own, so many
 * at once.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export class Engine {
  /** Keeps the engine alive between statements, and changes the schema. */
  readonly #keeper: Session;
  readonly #scratch: Scratch;
  readonly #writers: SessionPool;
  readonly #readers: SessionPool;
  readonly #streams: SessionPool;
  /** One at a time: threads are for statements, and this is of no length. */
  readonly #killers: SessionPool;
  readonly #closing = new AbortController();
  readonly #pouring = new Set<Promise<unknown>>();
  readonly #answersOnDisk: DiskRoom;
  #pipes: Promise<string[]> | undefined;
  #spools = 0;

  constructor(options: EngineOptions) {
    const { folder, answersOnDiskBytesMax = 4 * 1024 ** 3 } = options;
    mkdirSync(folder, { recursive: true });
    // As many answers as are on their way.
    setMaxListeners(0, this.#closing.signal);
    this.#keeper = openSession(folder, engineArguments(options));
    // The engine's lock is held now: nobody else reads files from there.
    this.#scratch = scratchFiles(join(folder, 'scratch'));
    this.#writers = new SessionPool(async () => openSession(folder), writersMax);
    this.#readers = new SessionPool(async () => openSession(folder), readersMax);
    this.#streams = new SessionPool(async () => openSession(folder), streamsMax);
    this.#killers = new SessionPool(async () => openSession(folder), 1);
    this.#answersOnDisk = new DiskRoom({
      bytesMax: answersOnDiskBytesMax,
      freeBytes: () => freeBytesAt(folder),
      freeBytesMin: answersLeaveFreeBytes,
    });
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

  /**
   * Runs one SELECT without FORMAT and SETTINGS, whose answer is nowhere as a
   * whole: it comes out of a pipe, and what its taker leaves for later is on disk.
   */
  stream(sql: string, call: EngineCall): AnswerStream {
    const left = new AbortController();
    const over = [left.signal, this.#closing.signal, ...(call.signal ? [call.signal] : [])];
    this.#spools += 1;
    const spool = new Spool(
      join(this.#scratch.folder, `spool-${this.#spools}`),
      this.#answersOnDisk,
    );
    const ended =
      streamsMax < 1
        ? Promise.reject(tooFewThreads())
        : withFirstOf(over, (signal) =>
            this.#streams.use((session) => this.#pour(session, sql, { ...call, signal }, spool)),
          );
    this.#pouring.add(ended);
    const end = (error?: unknown): void => {
      this.#pouring.delete(ended);
      spool.end(error);
    };
    ended.then(() => end(), end);
    return {
      chunks: spool.chunks(),
      ended,
      leave: () => {
        left.abort();
        return spool.close();
      },
    };
  }

  /** The bytes in a file while the work goes on: the engine's lexer would go through text behind a statement. */
  withFile<Result>(bytes: Uint8Array, work: (path: string) => Promise<Result>): Promise<Result> {
    return this.#scratch.with(bytes, work);
  }

  /** Stops what is still on its way to a reader, and lets other statements end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#pouring);
    this.#keeper.close();
    await drainPending();
    this.#scratch.remove();
  }

  async #pour(
    session: Session,
    sql: string,
    call: EngineCall & { readonly signal: AbortSignal },
    spool: Spool,
  ): Promise<ReadTotals> {
    if (call.signal.aborted) throw cancelled(call.signal.reason);
    this.#pipes ??= makeNamedPipes(this.#scratch.folder, streamsMax);
    // There are as many as statements at once.
    const path = (await this.#pipes).pop();
    if (path === undefined) throw new Error('All pipes are taken.');
    const pipe = new NamedPipe(path);
    const broken = new AbortController();
    const signal = AbortSignal.any([call.signal, broken.signal]);
    const into = `${sql}\n${intoFile(path)} FORMAT ${identifier(call.format ?? 'JSONEachRow')}`;
    const settings = { ...call.settings, ...streamSettings };
    try {
      const running = this.#run(session, into, { ...call, settings, signal }, () => pipe.break());
      const end = (): void => pipe.end();
      running.then(end, end);
      try {
        for await (const chunk of pipe.bytes) await spool.write(chunk);
        await running;
      } catch (error) {
        if (!signal.aborted) broken.abort();
        // One whose pipe is broken in its last block may think that it wrote everything.
        await running.catch(() => {});
        throw call.signal.aborted ? cancelled(error) : answerError(error);
      }
      return await running;
    } finally {
      pipe.break();
      (await this.#pipes).push(path);
    }
  }

  /** @param interrupt called again and again, once it is to stop and until it has. */
  async #run(
    session: Session,
    sql: string,
    call: EngineCall,
    interrupt = () => {},
  ): Promise<ReadResult> {
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
      const stop = (): Promise<void> => {
        interrupt();
        return this.#kill(log_comment);
      };
      const result = signal ? await stoppable(signal, stop, run) : await run();
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
    await this.#killers.use((session) =>
      session.queryAsync(
        `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(comment)} ASYNC`,
      ),
    );
  }
}

/** Where the rows were put for the engine to read, or the answer, is nobody's concern. */
const scratchFile =
  /\s*: \(in file\/uri [^)]*\)|\s*INTO OUTFILE '(?:[^'\\]|\\.)*' TRUNCATE FORMAT `?\w+`?/g;

const intoFile = (path: string): string => `INTO OUTFILE ${stringLiteral(path)} TRUNCATE`;

function engineError(error: unknown): StoreError {
  const said = error instanceof Error ? error.message : String(error);
  const message = said.replaceAll(scratchFile, '');
  const code = error instanceof Error && 'clickhouseCode' in error ? error.clickhouseCode : null;
  return typeof code === 'number' ? storeError(message, error, code) : storeError(message, error);
}

/** What the engine said of it, or that the disk failed. */
function answerError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const said = error instanceof Error ? error.message : String(error);
  return storeError(
    `Code: 243. DB::Exception: The answer cannot be written to the disk: ${said}. (NOT_ENOUGH_SPACE)`,
    error,
  );
}

const tooFewThreads = (): StoreError =>
  storeError(
    'Code: 439. DB::Exception: The process has one thread for the engine and the disk: set UV_THREADPOOL_SIZE to 4 or more. (CANNOT_SCHEDULE_TASK)',
    undefined,
  );

/** The engine takes these when it opens a folder; later sessions share them. */
function engineArguments({ memoryBytesMax = 4 * 1024 ** 3 }: EngineOptions): string[] {
  const cacheBytes = Math.floor(memoryBytesMax / 16);
  return [
    `--max_server_memory_usage=${memoryBytesMax}`,
    // As many threads as there are parts to remove at once, up to 128 by default, and they stay.
    `--max_parts_cleaning_thread_pool_size=${partsCleanersMax}`,
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
