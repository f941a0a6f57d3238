import { Backoff } from '../load/backoff.ts';
import { pause } from '../pause.ts';
import type { Turns } from '../turns.ts';
import type { ArchivedRange } from './archived-range.ts';
import { afterRange, type Run } from './compaction-plan.ts';
import { Manifest } from './manifest.ts';
import { Replacer, type ReplacerOptions } from './replacer.ts';

export interface CompactorOptions extends Omit<ReplacerOptions, 'signal'> {
  /** How many ranges that follow each other are put together. */
  readonly rangesMax: number;
  /** In a process one is at work at a time, of all its partitions. */
  readonly turns: Turns;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/** As large as a range is that did not wait: half a million events. */
const rowsMax = 500_000;
/** What is written at once is held, and what one object is made of. */
const bytesMax = 64 * 1024 * 1024;
/** A year of hours. What lies before was looked at when it was new. */
const lookBackRanges = 10_000;
const lookMs = 1_000;

/** Puts small objects of a partition together, as ranges come to the archive. */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #manifest: Manifest;
  readonly #replacer: Replacer;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(1_000, 600_000);
  #running: Promise<void> | undefined;
  #open: readonly Run[] = [];
  /** It has looked at all ranges before this offset. */
  #lookedTo = 0;
  #come: ArchivedRange[] = [];
  #replaced = 0;
  #failing: unknown = null;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#manifest = new Manifest(options.objects);
    this.#replacer = new Replacer({ ...options, signal: this.#stopping.signal });
  }

  /** How many objects others have taken the place of since it began. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Why the last try failed; null if it did not. */
  get failing(): unknown {
    return this.#failing;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Stops as soon as that leaves nothing behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** A range has come to the archive. */
  added(range: ArchivedRange): void {
    this.#come.push(range);
  }

  async #run(): Promise<void> {
    const { partition, onRetry } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#lookAtAll();
        while (await this.#lookAtNew()) await pause(lookMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failing = error;
        onRetry(`partition ${partition} of the archive is not compacted`, error);
        await this.#backoff.wait(signal);
      }
    }
  }

  async #lookAtAll(): Promise<void> {
    const { partition, turns } = this.#options;
    await turns.take(() => this.#replacer.recover());
    this.#open = [];
    this.#lookedTo = 0;
    // Those are listed by now.
    this.#come = [];
    this.#come.push(...(await this.#manifest.ranges(partition, { newest: lookBackRanges })));
  }

  /** @returns false if it is to look at all again, because they are not what it thought, or to stop. */
  async #lookAtNew(): Promise<boolean> {
    const come = this.#come.toSorted((a, b) => a.from - b.from);
    this.#come = [];
    for (const range of come) {
      if (range.from < this.#lookedTo) continue;
      this.#lookedTo = range.to;
      if (!(await this.#take(range))) return false;
    }
    this.#failing = null;
    this.#backoff.reset();
    return !this.#stopping.signal.aborted;
  }

  async #take(range: ArchivedRange): Promise<boolean> {
    const { open, closed, full } = afterRange(this.#open, range, {
      ...{ rangesMax: this.#options.rangesMax, rowsMax, bytesMax },
    });
    this.#open = open;
    for (const run of closed) {
      if ((await this.#putTogether(run)) === null) return false;
    }
    if (full === null) return true;
    const made = await this.#putTogether(full);
    return made !== null && this.#take(made);
  }

  async #putTogether(run: Run): Promise<ArchivedRange | null> {
    const { signal } = this.#stopping;
    const from = run[0]?.from ?? 0;
    const to = run.at(-1)?.to ?? from;
    const made = await this.#options.turns.take(async () => {
      signal.throwIfAborted();
      return this.#replacer.replace({ from, to });
    });
    const before = run.reduce((sum, { objects }) => sum + objects.length, 0);
    if (made !== null) this.#replaced += before;
    return made;
  }
}
