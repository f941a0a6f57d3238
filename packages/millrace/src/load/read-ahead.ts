import type { LogReader, LogSlice, SliceLimits } from '../ports/log.ts';

/** Read at once while the store is busy: few enough not to hold up whoever appends. */
const chunkRows = 5_000;

/**
 * Reads on in a log while the last batch is still being stored, so that the
 * next one is in memory when the store is free. Holds one batch at most.
 */
export class ReadAhead {
  readonly #log: LogReader;
  readonly #limits: SliceLimits;
  /** Without a gap between them. */
  #held: LogSlice[] = [];
  /** Lies behind a gap in the log, so it begins the next batch. */
  #afterGap: LogSlice | undefined;
  #end: number;
  #taken: number;

  constructor(log: LogReader, from: number, limits: SliceLimits) {
    this.#log = log;
    this.#limits = limits;
    this.#end = from;
    this.#taken = from;
  }

  /** One past the last record that was taken. */
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
   * The records behind those taken before, as many as there are and the limits
   * allow. Waits for none.
   *
   * @throws MillraceError as `LogReader.read`.
   */
  async take(): Promise<LogSlice> {
    while (this.#hasRoom() && this.#log.end > this.#end) await this.#read(this.#limits.rowsMax);
    const slice = joined(this.#held, this.#end);
    this.#taken = slice.to;
    this.#held = this.#afterGap ? [this.#afterGap] : [];
    this.#afterGap = undefined;
    this.#end = this.#held.at(-1)?.to ?? slice.to;
    return slice;
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
    return this.#afterGap === undefined && rows > 0 && bytes > 0;
  }

  #left(): { readonly rows: number; readonly bytes: number } {
    const bytes = this.#held.reduce((sum, { lines }) => sum + lines.length, 0);
    const rows = this.#held.reduce((sum, { from, to }) => sum + to - from, 0);
    return { rows: this.#limits.rowsMax - rows, bytes: this.#limits.bytesMax - bytes };
  }

  async #read(rowsMax: number): Promise<void> {
    const left = this.#left();
    const slice = await this.#log.read(this.#end, {
      rowsMax: Math.min(rowsMax, left.rows),
      bytesMax: left.bytes,
    });
    if (this.#held.length > 0 && slice.from !== this.#end) this.#afterGap = slice;
    else {
      this.#held.push(slice);
      this.#end = slice.to;
    }
  }
}

function joined(slices: readonly LogSlice[], nowhere: number): LogSlice {
  const [first] = slices;
  if (first === undefined) {
    return { from: nowhere, to: nowhere, lines: new Uint8Array(), appendedAt: 0 };
  }
  return {
    from: first.from,
    to: slices.at(-1)?.to ?? first.to,
    lines: slices.length === 1 ? first.lines : Buffer.concat(slices.map(({ lines }) => lines)),
    appendedAt: Math.max(...slices.map(({ appendedAt }) => appendedAt)),
  };
}
