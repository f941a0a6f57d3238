import { MillraceError } from '../../errors.ts';
import { Backoff } from '../../load/backoff.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppendReceipt, Log, LogRecord, LogWriter } from '../../ports/log.ts';
import { recordsOf, spillLine } from './spill-line.ts';
import type { SpillRoom } from './spill-room.ts';

export interface SpillingWriterOptions {
  /** Where the records belong. That it is away, it says with `log_unavailable`. */
  readonly target: LogWriter;
  /** Where they wait meanwhile. Nobody else writes or reads it. */
  readonly spill: Log;
  readonly room: SpillRoom;
  readonly clock: Clock;
  readonly onProblem: (error: unknown) => void;
}

/** How much is sent at once: what a crash may send a second time. */
const slice = { rowsMax: 20_000, bytesMax: 4 * 1024 * 1024 };
/** What the log adds to the records of one append, at most. */
const frameBytesMax = 256;
/** Until the next try of a target that is away. */
const retryMs = { first: 100, most: 5_000 };
/** Keeps in the spill itself how far the target has it. */
const producer = 'sent';

/**
 * Writes to the target, and while that is away to a local log, from where the
 * records follow in their order as soon as it is back. Until the last of them
 * is out, new ones go behind them: so whoever sends one after the other finds
 * them in this order, before the outage, during it and after it.
 *
 * A record that the target refused may be in it all the same, and what was sent
 * just before a crash is sent again: the target may get a record twice, but its
 * first copy comes before whatever was appended once it was durable.
 */
export class SpillingWriter implements LogWriter {
  readonly #target: LogWriter;
  readonly #spill: Log;
  readonly #room: SpillRoom;
  readonly #clock: Clock;
  readonly #onProblem: (error: unknown) => void;
  readonly #stopping = new AbortController();
  /** The spill before this offset is in the target. */
  #sent: number;
  #sinceMs: number | null = null;
  #draining: Promise<void> = Promise.resolve();
  /** New records wait while the last ones of the spill go. */
  #turning: Promise<void> | undefined;

  constructor({ target, spill, room, clock, onProblem }: SpillingWriterOptions) {
    this.#target = target;
    this.#spill = spill;
    this.#room = room;
    this.#clock = clock;
    this.#onProblem = onProblem;
    this.#sent = Math.max(spill.start, spill.marks().get(producer) ?? 0);
    if (this.waiting > 0) this.#turnAway();
  }

  /** Since when records go to the spill (epoch ms); null while they go to the target. */
  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  /** Records in the spill that the target does not have yet, as far as is known. */
  get waiting(): number {
    return this.#spill.end - this.#sent;
  }

  /**
   * Resolves once the target has the records, or the local log.
   *
   * @throws MillraceError `log_unavailable` while the target is away and the
   *   room for the spill is used up, and what the local log throws.
   */
  async append(records: readonly LogRecord[]): Promise<AppendReceipt> {
    while (this.#turning !== undefined) await this.#turning;
    if (this.#sinceMs !== null) return this.#keep(records);
    try {
      return await this.#target.append(records);
    } catch (error) {
      if (!isAway(error)) throw error;
      if (this.#sinceMs === null) {
        this.#onProblem(error);
        this.#turnAway();
      }
      return this.append(records);
    }
  }

  marks(): ReadonlyMap<string, number> {
    return this.#target.marks();
  }

  /** Sends what waits, for a while; neither target nor spill is closed. */
  async close(waitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stopping.abort(), waitMs);
    await this.#draining;
    clearTimeout(timer);
  }

  async #keep(records: readonly LogRecord[]): Promise<AppendReceipt> {
    const lines = records.map(spillLine);
    const bytes = lines.reduce(
      (sum, { value }) => sum + Buffer.byteLength(value) + 1,
      frameBytesMax,
    );
    if (!this.#room.take(bytes)) {
      throw new MillraceError(
        'log_unavailable',
        `Kafka is away, and the ${this.#room.bytesMax} bytes for what waits for it are used up.`,
      );
    }
    try {
      return await this.#spill.append(lines);
    } finally {
      this.#room.giveBack(bytes);
    }
  }

  #turnAway(): void {
    this.#sinceMs = this.#clock.now();
    this.#draining = this.#drain(this.#stopping.signal);
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(retryMs.first, retryMs.most);
    // It was away just now; and what it refused is in the spill by then.
    await backoff.wait(signal);
    while (this.#sinceMs !== null && !signal.aborted) {
      try {
        if (this.waiting === 0) return await this.#turnBack();
        await this.#sendNext();
        backoff.reset();
      } catch (error) {
        if (!isAway(error)) this.#onProblem(error);
        await backoff.wait(signal);
      }
    }
  }

  async #sendNext(): Promise<void> {
    const { lines, to } = await this.#spill.read(this.#sent, slice);
    await this.#target.append(recordsOf(lines));
    this.#sent = to;
    try {
      await this.#spill.trim(to);
      await this.#spill.append([], { mark: { producer, position: to } });
    } catch (error) {
      // The disk fails: after a crash more would be sent again.
      this.#onProblem(error);
    }
  }

  async #turnBack(): Promise<void> {
    let letOn = (): void => {};
    this.#turning = new Promise((resolve) => {
      letOn = resolve;
    });
    try {
      // What is on its way into the spill gets there first.
      await this.#spill.append([]);
      while (this.waiting > 0) await this.#sendNext();
      this.#sinceMs = null;
    } finally {
      this.#turning = undefined;
      letOn();
    }
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof MillraceError && error.code === 'log_unavailable';
