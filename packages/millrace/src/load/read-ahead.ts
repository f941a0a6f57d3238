import type { LogReader, LogSlice, SliceLimits } from '../ports/log.ts';
import type { OffsetGap } from '../ports/store.ts';

/** Read at once while the store is busy: few enough not to hold up whoever appends. */
const chunkRows = 5_000;

/** In one batch: the store looks at each of them for each row. */
const gapsMax = 1_000;

/** What a log has between two offsets. */
export interface LogBatch {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Where offsets have no record: given up with a damaged segment, or never seen by readers. */
  readonly gaps: readonly OffsetGap[];
  /** Newline-terminated. */
  readonly lines: Uint8Array;
  /** When the newest record was appended (epoch ms); 0 if there is none. */
  readonly appendedAt: number;
}

export interface ReadAheadLimits extends SliceLimits {
  /** Everything up to this offset is read, nothing beyond. Default: no end. */
  readonly until?: number;
}

/**
 * Reads on in a log while the last batch is still being stored, so that the
 * next one is in memory when the store is free. Holds one batch at most.
 */
export class ReadAhead {
  readonly #log: LogReader;
  readonly #limits: Required<ReadAheadLimits>;
  #held: LogSlice[] = [];
  #gaps = 0;
  #end: number;
  #taken: number;

  constructor(log: LogReader, from: number, limits: ReadAheadLimits) {
    this.#log = log;
    this.#limits = { until: Number.POSITIVE_INFINITY, ...limits };
    this.#end = from;
    this.#taken = from;
  }

  /** One past the last offset that was taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Reads until `work` is done. What cannot be read is told by the next `take`. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const reading = this.#readOn(over.signal).catch(() => {});
    try {
      return await work;
    } finally {
      over.abort();
      await reading;
    }
  }

  /**
   * What lies behind what was taken before, as much as there is and the limits
   * allow. Waits for nothing.
   *
   * @throws MillraceError as `LogReader.read`.
   */
  async take(): Promise<LogBatch> {
    while (this.#hasRoom() && this.#log.end > this.#end) await this.#read(this.#limits.rowsMax);
    const batch = batchOf(this.#held, this.#taken, this.#end);
    this.#taken = this.#end;
    this.#held = [];
    this.#gaps = 0;
    return batch;
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    while (this.#hasRoom()) {
      await this.#log.waitPast(this.#end + chunkRows - 1, signal);
      if (signal.aborted) return;
      await this.#read(chunkRows);
    }
  }

  #hasRoom(): boolean {
    const { rows, bytes } = this.#left();
    const { until } = this.#limits;
    if (Number.isFinite(until)) return this.#end < until;
    return rows > 0 && bytes > 0 && this.#gaps < gapsMax;
  }

  #left(): { readonly rows: number; readonly bytes: number } {
    const bytes = this.#held.reduce((sum, { lines }) => sum + lines.length, 0);
    const rows = this.#held.reduce((sum, { from, to }) => sum + to - from, 0);
    return { rows: this.#limits.rowsMax - rows, bytes: this.#limits.bytesMax - bytes };
  }

  async #read(rowsMax: number): Promise<void> {
    const left = this.#left();
    const { until } = this.#limits;
    const limits = { rowsMax: Math.min(rowsMax, left.rows), bytesMax: left.bytes };
    let slice = await this.#log.read(this.#end, limits);
    if (slice.from < until && slice.to > until) {
      slice = await this.#log.read(slice.from, { ...limits, rowsMax: until - slice.from });
    }
    if (slice.from < until) this.#held.push(slice);
    if (slice.from > this.#end) this.#gaps += 1;
    this.#end = Math.min(slice.to, until);
  }
}

function batchOf(slices: readonly LogSlice[], from: number, to: number): LogBatch {
  const gaps: OffsetGap[] = [];
  let rows = 0;
  let next = from;
  for (const slice of slices) {
    if (slice.from > next) gaps.push({ row: rows, offsets: slice.from - next });
    rows += slice.to - slice.from;
    next = slice.to;
  }
  const [only] = slices;
  return {
    from,
    to,
    rows,
    gaps: gaps.filter(({ row }) => row < rows),
    lines:
      slices.length === 1 && only ? only.lines : Buffer.concat(slices.map(({ lines }) => lines)),
    appendedAt: Math.max(0, ...slices.map(({ appendedAt }) => appendedAt)),
  };
}
