/** One accepted event or dead letter on its way into a log. */
export interface LogRecord {
  /** The event id. Two records with the same key are the same event. */
  readonly key: string;
  /** One line of canonical JSON, without its newline. */
  readonly value: string;
  /** Kept beside the value by logs that others read as well, by name. */
  readonly headers?: LogHeaders;
}

export interface LogHeaders {
  readonly [name: string]: string;
}

export interface AppendReceipt {
  /** Records that are new in the log. */
  readonly appended: number;
  /** Records dropped because their key is in the log within the dedup window. */
  readonly duplicates: number;
}

export interface AppendOptions {
  /** Kept with the records, whole or not at all. Read back with `LogWriter.marks()`. */
  readonly mark?: LogMark;
}

/** Progress of a producer that must survive with exactly the records it describes. */
export interface LogMark {
  readonly producer: string;
  /** The producer's next position once these records are in. */
  readonly position: number;
}

export interface LogWriter {
  /**
   * Resolves once every record is durable, those that were already there
   * included: a duplicate of a record still being written waits for it, and an
   * append of nothing waits for everything given to `append` before it.
   *
   * @throws MillraceError `log_full` (the disk is full or failing; nothing of
   *   these records will be read later; trying again is safe), `log_overloaded`
   *   (too much is waiting to be written).
   */
  append(records: readonly LogRecord[], options?: AppendOptions): Promise<AppendReceipt>;
  /** The last durable position of each producer. */
  marks(): ReadonlyMap<string, number>;
}

/** Whole records [from, to), as newline-terminated lines in offset order. */
export interface LogSlice {
  readonly from: number;
  readonly to: number;
  readonly lines: Uint8Array;
  /** When the newest of these records was appended (epoch ms); 0 if there are none. */
  readonly appendedAt: number;
}

export interface SliceLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** The durable records of one log partition, in order, each at its offset. */
export interface LogReader {
  /** The oldest offset still kept. */
  readonly start: number;
  /** One past the newest durable record. */
  readonly end: number;
  /**
   * Records from `from` on, at least one if `from < end`, within the limits
   * (a single record larger than `bytesMax` is returned alone); none if `from`
   * is the end. The slice begins behind `from` only where someone gave up the
   * records between, by moving a damaged segment away.
   *
   * @throws MillraceError `log_corrupt` if the bytes there fail their checksum,
   *   or `from > end`; `log_trimmed` if `from < start`.
   */
  read(from: number, limits: SliceLimits): Promise<LogSlice>;
  /** Resolves once `end > offset`, or when the signal aborts. */
  waitPast(offset: number, signal: AbortSignal): Promise<void>;
}

export interface Log extends LogWriter, LogReader {
  /** Forget records below `offset` that are older than the log's retention. */
  trim(offset: number): Promise<void>;
  /** Bytes on disk. */
  readonly sizeBytes: number;
  /** Writes what is waiting, then closes. */
  close(): Promise<void>;
}
