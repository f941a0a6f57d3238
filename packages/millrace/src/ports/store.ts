import type { AnswerStream } from './answer-stream.ts';

/** Rows for one table, inserted whole or not at all, and never twice. */
export interface InsertBatch {
  readonly table: string;
  /** Newline-terminated JSON objects, one a row. */
  readonly lines: Uint8Array;
  readonly rows: number;
  /** Names these exact bytes: an insert with a token seen before changes nothing. */
  readonly token: string;
  /** The columns given in the lines, where the table has computed ones. */
  readonly columns?: readonly string[];
  /** Where the rows lie in a log: each gets its `_partition` and `_offset`. */
  readonly place?: LogPlace;
  /** In the store's time (epoch ms): after it the store itself refuses the batch as `late`. */
  readonly deadlineMs?: number;
  /** Leaves out the rows whose place in the log the table has already. Default: none. */
  readonly onlyMissing?: boolean;
}

export interface LogPlace {
  readonly partition: number;
  /** Of the first row, but for a gap before it; the others follow on. */
  readonly offset: number;
  /** In ascending order of their rows. Default: none. */
  readonly gaps?: readonly OffsetGap[];
}

/** Offsets that are skipped before a row, which is counted from 0. */
export interface OffsetGap {
  readonly row: number;
  readonly offsets: number;
}

/** Rows that the store computes from its own tables, inserted whole or not at all, and never twice. */
export interface ComputedBatch {
  /** `INSERT INTO … SELECT …`, without settings. */
  readonly statement: string;
  /** Names this computation: with a token seen before it changes nothing, whatever it computes now. */
  readonly token: string;
}

/** Rows that are asked about and not stored. */
export type GivenRows = Omit<InsertBatch, 'token' | 'deadlineMs' | 'onlyMissing'>;

export interface ReadOptions {
  /** A ClickHouse output format. Default JSONEachRow. */
  readonly format?: string;
  /** Values for `{name:Type}` placeholders. */
  readonly params?: { readonly [name: string]: unknown };
  /** Engine settings of this one statement. */
  readonly settings?: { readonly [name: string]: string | number };
  /** Stops the statement, which then throws like any that fails. */
  readonly signal?: AbortSignal;
}

/** Settings under which JSON carries every value whole: 64-bit integers and decimals as strings. */
export const exactJson = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 1,
  date_time_output_format: 'iso',
} as const;

/** What a statement took. */
export interface ReadTotals {
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
}

export interface ReadResult extends ReadTotals {
  readonly bytes: Uint8Array;
}

export interface Store {
  /** Runs one statement that changes the schema. */
  define(statement: string): Promise<void>;
  /**
   * @throws StoreError, whose `retry` says whether the same batch may pass later.
   */
  insert(batch: InsertBatch): Promise<void>;
  /** @throws StoreError */
  insertComputed(batch: ComputedBatch): Promise<void>;
  /**
   * Runs one statement on a connection that is read-only to the engine. That
   * refuses writes and settings, but neither SYSTEM statements nor table
   * functions that read files: text from outside goes through the SQL guard first.
   */
  read(sql: string, options?: ReadOptions): Promise<ReadResult>;
  /**
   * Runs one SELECT like `read`, for an answer of any length. Whoever takes it
   * slowly holds up no other statement.
   */
  stream(sql: string, options?: ReadOptions): AnswerStream;
  /**
   * Asks about rows exactly as `insert` would store them in their table. The
   * statement knows them as the table `given`.
   */
  readGiven(rows: GivenRows, sql: string, options?: ReadOptions): Promise<ReadResult>;
  close(): Promise<void>;
}

/** What the engine said, with its own code, so that readers see it as they know it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** The engine's code, e.g. 62 for SYNTAX_ERROR; 0 where it said nothing. */
  readonly code: number;
  /**
   * `same`: try the same again later. `split`: nothing of the batch was stored
   * and it never will be; a smaller one may pass. `late`: its deadline had
   * passed, and nothing of this try was stored.
   */
  readonly retry: 'same' | 'split' | 'late';

  constructor(
    code: number,
    message: string,
    retry: 'same' | 'split' | 'late',
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.retry = retry;
  }

  /** The store is away, or lacks what its machine gives it just now: a reader should ask again later. */
  get isUnavailable(): boolean {
    return unavailable.includes(this.code);
  }
}

/** CANNOT_OPEN_FILE, TOO_MANY_SIMULTANEOUS_QUERIES, CANNOT_SCHEDULE_TASK; nothing said. */
const unavailable: readonly number[] = [0, 76, 202, 439];
