import { MillraceError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { LogReader, LogSlice } from '../ports/log.ts';
import type { LoadProgress, LogRange, ProgressKeeper } from '../ports/progress.ts';
import { type Store, StoreError } from '../ports/store.ts';
import { Backoff, pause } from './backoff.ts';
import { ReadAhead } from './read-ahead.ts';

export interface LoaderOptions {
  readonly log: LogReader;
  readonly store: Store;
  readonly progress: ProgressKeeper;
  readonly clock: Clock;
  /** Where the rows go, and which columns the lines carry (default: those the table shows). */
  readonly table: string;
  readonly columns?: readonly string[];
  /** Names the log partition in tokens and rows. */
  readonly topic: string;
  readonly partition: number;
  readonly rowsMax?: number;
  readonly bytesMax?: number;
  /** Inserts begin this far apart, because each costs something however few its rows are … */
  readonly lingerMs?: number;
  /** … unless so many rows wait. */
  readonly rowsEnough?: number;
  /** Takes a row that the store will never take. Must be durable when it resolves. */
  readonly refuse: (row: RefusedRow) => Promise<void>;
  /** Told of each failed try. */
  readonly onRetry: (error: unknown, range: LogRange) => void;
  readonly reach?: ReachCrashPoint;
}

export interface RefusedRow {
  readonly offset: number;
  readonly line: Uint8Array;
  readonly reason: string;
}

/**
 * Moves a log into a table, each record exactly once.
 *
 * A batch is a range of offsets. The range is recorded as an intent before its
 * rows are inserted under a token that names the range; only then is the offset
 * moved on. After a crash the intents are read back and the same bytes are
 * inserted under the same tokens, of which the store keeps one.
 */
export class Loader {
  readonly #options: Required<Omit<LoaderOptions, 'columns'>> & Pick<LoaderOptions, 'columns'>;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  readonly #waiting: (() => void)[] = [];
  #ahead: ReadAhead;
  #running: Promise<void> | undefined;
  #progress: LoadProgress = { committed: 0, intents: [] };
  #behindSinceMs: number | null = null;
  #insertBeganMs = Number.NEGATIVE_INFINITY;
  #failing: unknown = null;

  constructor(options: LoaderOptions) {
    this.#options = {
      rowsMax: 200_000,
      bytesMax: 64 * 1024 * 1024,
      lingerMs: 400,
      rowsEnough: 20_000,
      reach: survive,
      ...options,
    };
    this.#ahead = this.#readFrom(0);
  }

  /** One past the newest record that can be queried. */
  get committed(): number {
    return this.#progress.committed;
  }

  /** How long the oldest record that cannot be queried yet has waited, at most. */
  get lagMs(): number {
    return this.#behindSinceMs === null ? 0 : this.#options.clock.now() - this.#behindSinceMs;
  }

  /** Why the batch under way does not get into the store; null when all is well. */
  get failing(): unknown {
    return this.#failing;
  }

  /**
   * Inserts what had been begun before a crash. After it the store holds exactly
   * what is committed.
   *
   * @throws MillraceError `log_corrupt` if the log lacks what the store already has.
   */
  async recover(): Promise<void> {
    this.#progress = await this.#options.progress.read();
    const { log, topic } = this.#options;
    if (this.#progress.committed > log.end) {
      throw new MillraceError(
        'log_corrupt',
        `The log of ${topic} ends at ${log.end}, before offset ${this.#progress.committed} which the store already has.`,
      );
    }
    this.#ahead = this.#readFrom(this.#progress.intents.at(-1)?.to ?? this.#progress.committed);
    while (this.#progress.intents.length > 0) await this.#step();
  }

  /** Begins to load. `recover` comes first. */
  start(): void {
    this.#running = this.#run();
  }

  /** Resolves once everything below `offset` can be queried. */
  async settled(offset: number): Promise<void> {
    while (this.committed < offset) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Stops after the insert under way, if any. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) await this.#step();
  }

  async #step(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const slice = await this.#next(signal);
      if (slice) await this.#load(slice);
    } catch (error) {
      this.#failing = error;
      const nowhere = { from: this.committed, to: this.committed };
      this.#options.onRetry(error, this.#progress.intents[0] ?? nowhere);
      await this.#backoff.wait(signal);
    }
  }

  #readFrom(offset: number): ReadAhead {
    const { log, rowsMax, bytesMax } = this.#options;
    return new ReadAhead(log, offset, { rowsMax, bytesMax });
  }

  /** The records of the oldest intent, which is made first if there is none. */
  async #next(signal: AbortSignal): Promise<LogSlice | null> {
    const { log, lingerMs, rowsEnough, clock } = this.#options;
    const [intent] = this.#progress.intents;
    if (intent) {
      return log.read(intent.from, {
        rowsMax: intent.to - intent.from,
        bytesMax: Number.MAX_SAFE_INTEGER,
      });
    }
    if (log.end <= this.committed) {
      await log.waitPast(this.committed, signal);
      this.#behindSinceMs = clock.now();
    }
    const sinceLastMs = performance.now() - this.#insertBeganMs;
    if (log.end - this.committed < rowsEnough && sinceLastMs < lingerMs) {
      await pause(lingerMs - sinceLastMs, signal);
    }
    if (signal.aborted) return null;
    const slice = await this.#ahead.take();
    await this.#save({ committed: slice.from, intents: [{ from: slice.from, to: slice.to }] });
    this.#options.reach('load-intended');
    return slice;
  }

  async #load(slice: LogSlice): Promise<void> {
    const { store, table, columns, topic, partition, reach } = this.#options;
    this.#insertBeganMs = performance.now();
    const inserting = store.insert({
      table,
      lines: slice.lines,
      place: { partition, offset: slice.from },
      rows: slice.to - slice.from,
      token: `${topic}/${partition}/${slice.from}-${slice.to}`,
      ...(columns ? { columns } : {}),
    });
    reach('load-inserting');
    try {
      await this.#ahead.during(inserting);
    } catch (error) {
      if (!(error instanceof StoreError) || error.retry !== 'split') throw error;
      await this.#split(slice, error);
      return;
    }
    reach('load-inserted');
    await this.#commit(slice);
  }

  /**
   * Halves a range that will never pass whole, down to the row that is to blame.
   * The halves are recorded before either is tried, so that a crash between
   * them cannot bring the whole range back.
   */
  async #split(slice: LogSlice, error: StoreError): Promise<void> {
    // Tokens of halves are new: had a part of the whole landed, they would add it again.
    if (await this.#anyStored(slice)) throw error;
    if (slice.to - slice.from === 1) {
      await this.#options.refuse({ offset: slice.from, line: slice.lines, reason: error.message });
      await this.#commit(slice);
      return;
    }
    const middle = Math.floor((slice.from + slice.to) / 2);
    await this.#save({
      committed: slice.from,
      intents: [
        { from: slice.from, to: middle },
        { from: middle, to: slice.to },
        ...this.#progress.intents.slice(1),
      ],
    });
  }

  async #anyStored(slice: LogSlice): Promise<boolean> {
    const { store, table, partition } = this.#options;
    const { bytes } = await store.read(
      `SELECT count() FROM ${table} WHERE _partition = {partition:UInt32} AND _offset >= {from:UInt64} AND _offset < {to:UInt64}`,
      { format: 'TSV', params: { partition, from: slice.from, to: slice.to } },
    );
    return Buffer.from(bytes).toString().trim() !== '0';
  }

  async #commit(slice: LogSlice): Promise<void> {
    await this.#save({ committed: slice.to, intents: this.#progress.intents.slice(1) });
    this.#behindSinceMs = this.#options.log.end > slice.to ? slice.appendedAt : null;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #save(progress: LoadProgress): Promise<void> {
    await this.#options.progress.save(progress);
    this.#progress = progress;
    this.#failing = null;
    this.#backoff.reset();
  }
}
