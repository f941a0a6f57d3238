import { Readable } from 'node:stream';
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
import { identifier, stringLiteral } from './sql-text.ts';
import { cancelled, storeError } from './store-error.ts';
import { TableShapes } from './table-shape.ts';

export interface ClickHouseStoreOptions {
  /** Of the HTTP interface, e.g. `http://127.0.0.1:8123`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly database: string;
  /** The most partitions that one insert may touch. */
  readonly partitionsPerInsertMax?: number;
  /** How long a statement may take. An insert that takes longer may have been done. Default 5 minutes. */
  readonly timeoutMs?: number;
}

/**
 * A ClickHouse elsewhere, over its HTTP interface. Makes the database if it is
 * missing.
 *
 * @throws StoreError if it cannot be reached.
 */
export async function openClickHouseStore(options: ClickHouseStoreOptions): Promise<Store> {
  const maker = createClient(clientSettings(options));
  try {
    await maker.command({ query: `CREATE DATABASE IF NOT EXISTS ${identifier(options.database)}` });
  } catch (error) {
    throw clientError(error);
  } finally {
    await maker.close();
  }
  return clickHouseStore(options);
}

/** The same for one that has its database. Nothing is asked of it yet. */
export function clickHouseStore(options: ClickHouseStoreOptions): Store {
  const { database, partitionsPerInsertMax = 100 } = options;
  const client = createClient({ ...clientSettings(options), database });
  return new ClickHouseStore(client, partitionsPerInsertMax);
}

const clientSettings = (options: ClickHouseStoreOptions) => {
  const { url, username, password, timeoutMs = 300_000 } = options;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    request_timeout: timeoutMs,
    // What goes wrong is thrown, and whoever catches it says so.
    log: { level: ClickHouseLogLevel.OFF },
    // A statement that ends with an error after its first rows must not look like an answer.
    clickhouse_settings: { wait_end_of_query: 1 },
  } as const;
};

class ClickHouseStore implements Store {
  readonly #client: ClickHouseClient;
  readonly #partitionsPerInsertMax: number;
  readonly #shapes: TableShapes;

  constructor(client: ClickHouseClient, partitionsPerInsertMax: number) {
    this.#client = client;
    this.#partitionsPerInsertMax = partitionsPerInsertMax;
    this.#shapes = new TableShapes((sql) => this.read(sql));
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
    try {
      const { stream } = await this.#client.exec({
        query: `${statement}\nFORMAT JSONEachRow`,
        values: Readable.from([batch.lines], { objectMode: false }),
      });
      await buffer(stream);
    } catch (error) {
      throw clientError(error);
    }
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
      yield* chunksOf((await opening).body, signal);
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

  close(): Promise<void> {
    return this.#client.close();
  }

  async #command(
    query: string,
    settings: { readonly [name: string]: string | number } = {},
  ): Promise<void> {
    try {
      await this.#client.command({ query, clickhouse_settings: settings });
    } catch (error) {
      throw clientError(error);
    }
  }

  async #ask(
    query: string,
    options: ReadOptions,
    readOnly: { readonly readonly?: '1' },
  ): Promise<ReadResult> {
    const started = performance.now();
    const { body, totals } = await this.#open(query, options, readOnly);
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(body, options.signal)) chunks.push(chunk);
    return { ...totals, bytes: Buffer.concat(chunks), elapsedMs: performance.now() - started };
  }

  /** Resolves once the statement has ended: until then ClickHouse keeps its answer. */
  async #open(
    query: string,
    { format = 'JSONEachRow', params, settings, signal }: ReadOptions,
    readOnly: { readonly readonly?: '1' },
  ): Promise<{ readonly body: Readable; readonly totals: ReadTotals }> {
    const started = performance.now();
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
        ...(signal ? { abort_signal: signal } : {}),
      });
      const totals = {
        rowsRead: Number(summary?.read_rows ?? 0),
        bytesRead: Number(summary?.read_bytes ?? 0),
        elapsedMs: performance.now() - started,
      };
      return { body: stream, totals };
    } catch (error) {
      throw signal?.aborted ? cancelled(error) : clientError(error);
    }
  }
}

async function* chunksOf(
  body: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw signal?.aborted ? cancelled(error) : clientError(error);
  }
}

const fromInput = (structure: string): string => `input(${stringLiteral(structure)})`;

/** The client takes apart what the engine says; readers of it know the whole. */
function clientError(error: unknown): StoreError {
  if (error instanceof ClickHouseError) {
    const { code, message, type } = error;
    return storeError(`Code: ${code}. DB::Exception: ${message.trim()} (${type})`, error);
  }
  return storeError(error instanceof Error ? error.message : String(error), error);
}
