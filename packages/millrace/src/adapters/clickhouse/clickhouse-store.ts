import { addAbortSignal, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import type { AnswerStream } from '../../ports/answer-stream.ts';
import type {
  ComputedBatch,
  GivenRows,
  InsertBatch,
  ReadOptions,
  ReadResult,
  ReadTotals,
  Store,
  StoreError,
} from '../../ports/store.ts';
import {
  asInserted,
  computedInsertStatement,
  givenStatement,
  insertStatement,
} from './insert-statement.ts';
import { asReadersExpect } from './reader-settings.ts';
import { SilenceWatch, type Waiting } from './silence-watch.ts';
import { identifier, stringLiteral } from './sql-text.ts';
import { cancelled, storeError } from './store-error.ts';
import { defaultWaits, type StoreWaits } from './store-waits.ts';
import { TableShapes } from './table-shape.ts';

export interface ClickHouseStoreOptions {
  /** Of the HTTP interface, e.g. `http://127.0.0.1:8123`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly database: string;
  /** The most partitions that one insert may touch. */
  readonly partitionsPerInsertMax?: number;
  readonly waits?: Partial<StoreWaits>;
}

/**
 * A ClickHouse elsewhere, over its HTTP interface. Makes the database if it is
 * missing.
 *
 * @throws StoreError if it cannot be reached.
 */
export async function openClickHouseStore(options: ClickHouseStoreOptions): Promise<Store> {
  const { silenceMsMax } = waitsOf(options);
  const maker = createClient(clientSettings(options, silenceMsMax));
  const waiting = watchOf(options).begin();
  try {
    await maker.command({
      query: `CREATE DATABASE IF NOT EXISTS ${identifier(options.database)}`,
      abort_signal: waiting.signal,
    });
  } catch (error) {
    throw givenUp(waiting) ?? clientError(error);
  } finally {
    waiting.end();
    await maker.close();
  }
  return clickHouseStore(options);
}

/** The same for one that has its database. Nothing is asked of it yet. */
export function clickHouseStore(options: ClickHouseStoreOptions): Store {
  const { database, partitionsPerInsertMax = 100 } = options;
  const waits = waitsOf(options);
  const client = (silenceMsMax: number): ClickHouseClient =>
    createClient({ ...clientSettings(options, silenceMsMax), database });
  return new ClickHouseStore({
    client: client(waits.silenceMsMax),
    inserting: client(waits.insertSilenceMsMax),
    watch: watchOf(options),
    waits,
    partitionsPerInsertMax,
  });
}

const waitsOf = ({ waits }: ClickHouseStoreOptions): StoreWaits => ({ ...defaultWaits, ...waits });

const watchOf = (options: ClickHouseStoreOptions): SilenceWatch =>
  new SilenceWatch({ url: options.url, ...waitsOf(options) });

const clientSettings = (options: ClickHouseStoreOptions, silenceMsMax: number) => {
  const { url, username, password } = options;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // Of a connection, over which neither anything comes nor goes.
    request_timeout: silenceMsMax,
    // What goes wrong is thrown, and whoever catches it says so.
    log: { level: ClickHouseLogLevel.OFF },
    // A statement that ends with an error after its first rows must not look like an answer.
    clickhouse_settings: { wait_end_of_query: 1 },
  } as const;
};

interface Connected {
  readonly client: ClickHouseClient;
  readonly inserting: ClickHouseClient;
  readonly watch: SilenceWatch;
  readonly waits: StoreWaits;
  readonly partitionsPerInsertMax: number;
}

class ClickHouseStore implements Store {
  readonly #client: ClickHouseClient;
  readonly #inserting: ClickHouseClient;
  readonly #watch: SilenceWatch;
  readonly #waits: StoreWaits;
  readonly #partitionsPerInsertMax: number;
  readonly #shapes: TableShapes;

  constructor({ client, inserting, watch, waits, partitionsPerInsertMax }: Connected) {
    this.#client = client;
    this.#inserting = inserting;
    this.#watch = watch;
    this.#waits = waits;
    this.#partitionsPerInsertMax = partitionsPerInsertMax;
    this.#shapes = new TableShapes((sql) => this.read(sql, { settings: soonOrNever }));
  }

  async define(statement: string): Promise<void> {
    try {
      await this.#command(statement);
    } finally {
      this.#shapes.forget();
    }
  }

  async insert(batch: InsertBatch): Promise<void> {
    const shape = await this.#shapes.of(batch.table);
    const partitionsPerInsertMax = this.#partitionsPerInsertMax;
    const statement = insertStatement(batch, { from: fromInput, shape, partitionsPerInsertMax });
    await this.#watched(async (abort_signal) => {
      const { stream } = await this.#inserting.exec({
        query: `${statement}\nFORMAT JSONEachRow`,
        values: Readable.from([batch.lines], { objectMode: false }),
        abort_signal,
      });
      await buffer(addAbortSignal(abort_signal, stream));
    });
  }

  async insertComputed(batch: ComputedBatch): Promise<void> {
    const partitionsPerInsertMax = this.#partitionsPerInsertMax;
    await this.#command(
      computedInsertStatement(batch, { partitionsPerInsertMax }),
      asReadersExpect,
    );
  }

  read(sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    return this.#ask(sql, options, { readonly: '1' });
  }

  stream(sql: string, options: ReadOptions = {}): AnswerStream {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    const opening = this.#open(sql, { ...options, signal }, { readonly: '1' });
    const ended = opening.then(({ totals }) => totals);
    // Whoever takes the bytes gets the error too.
    ended.catch(() => {});
    const chunks = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield* (await opening).chunks;
    };
    return { chunks: chunks(), ended, leave: async () => left.abort() };
  }

  async readGiven(rows: GivenRows, sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    const shape = await this.#shapes.of(rows.table);
    const lines = Buffer.from(rows.lines).toString();
    const from = (structure: string): string =>
      `format(JSONEachRow, ${stringLiteral(structure)}, ${stringLiteral(lines)})`;
    const settings = { ...options.settings, ...asInserted };
    return this.#ask(givenStatement(rows, { from, shape }, sql), { ...options, settings }, {});
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#inserting.close()]);
  }

  async #command(
    query: string,
    settings: { readonly [name: string]: string | number } = {},
  ): Promise<void> {
    await this.#watched(async (abort_signal) => {
      await this.#client.command({ query, clickhouse_settings: settings, abort_signal });
    });
  }

  /** @throws StoreError */
  async #watched(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const waiting = this.#watch.begin();
    try {
      await work(waiting.signal);
    } catch (error) {
      throw givenUp(waiting) ?? clientError(error);
    } finally {
      waiting.end();
    }
  }

  async #ask(
    query: string,
    options: ReadOptions,
    readOnly: { readonly readonly?: '1' },
  ): Promise<ReadResult> {
    const started = performance.now();
    const { chunks, totals } = await this.#open(query, options, readOnly);
    const bytes: Uint8Array[] = [];
    for await (const chunk of chunks) bytes.push(chunk);
    return { ...totals, bytes: Buffer.concat(bytes), elapsedMs: performance.now() - started };
  }

  /** Resolves once the statement has ended: until then ClickHouse keeps its answer. */
  async #open(
    query: string,
    { format = 'JSONEachRow', params, settings, signal }: ReadOptions,
    readOnly: { readonly readonly?: '1' },
  ): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; readonly totals: ReadTotals }> {
    const started = performance.now();
    const limitMs = Number(settings?.max_execution_time ?? 0) * 1_000;
    const waiting = this.#watch.begin(
      limitMs > 0 ? limitMs + this.#waits.overtimeMsMax : undefined,
    );
    const over = signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal;
    const wrong = (error: unknown): StoreError =>
      signal?.aborted ? cancelled(error) : (givenUp(waiting) ?? clientError(error));
    try {
      signal?.throwIfAborted();
      const { stream, summary } = await this.#client.exec({
        query,
        clickhouse_settings: {
          ...asReadersExpect,
          ...settings,
          // A question whose asker has gone is stopped.
          cancel_http_readonly_queries_on_client_close: 1,
          ...readOnly,
        },
        http_headers: { 'X-ClickHouse-Format': format },
        ...(params ? { query_params: { ...params } } : {}),
        abort_signal: over,
      });
      waiting.begun();
      // The client looks at the signal no more.
      const body = addAbortSignal(over, stream);
      body.once('close', () => waiting.end());
      const totals = {
        rowsRead: Number(summary?.read_rows ?? 0),
        bytesRead: Number(summary?.read_bytes ?? 0),
        elapsedMs: performance.now() - started,
      };
      return { chunks: chunksOf(body, this.#waits.pieceMsMax, wrong), totals };
    } catch (error) {
      waiting.end();
      throw wrong(error);
    }
  }
}

/** For what is asked on the way of something else. */
const soonOrNever = { max_execution_time: 30 } as const;

/** Nothing counts against the server while whoever takes the chunks has one. */
async function* chunksOf(
  body: Readable,
  pieceMsMax: number,
  wrong: (error: unknown) => StoreError,
): AsyncGenerator<Uint8Array, void, void> {
  const lost = (): void => {
    body.destroy(new Error(`The next piece of an answer did not come within ${pieceMsMax} ms.`));
  };
  let waiting = setTimeout(lost, pieceMsMax);
  try {
    for await (const chunk of body) {
      clearTimeout(waiting);
      yield chunk;
      waiting = setTimeout(lost, pieceMsMax);
    }
  } catch (error) {
    throw wrong(error);
  } finally {
    clearTimeout(waiting);
  }
}

const fromInput = (structure: string): string => `input(${stringLiteral(structure)})`;

const givenUp = ({ signal }: Waiting): StoreError | null =>
  signal.aborted ? clientError(signal.reason) : null;

/** The client takes apart what the engine says; readers of it know the whole. */
function clientError(error: unknown): StoreError {
  if (error instanceof ClickHouseError) {
    const { code, message, type } = error;
    return storeError(`Code: ${code}. DB::Exception: ${message.trim()} (${type})`, error);
  }
  return storeError(error instanceof Error ? error.message : String(error), error);
}
