import { withFirstOf } from '../with-first-of.ts';
import { Backoff } from './backoff.ts';

export interface FillingOptions<Version> {
  /** The version that something is to be done about, if there is one. */
  readonly next: () => Version | undefined;
  readonly tableOf: (version: Version) => string;
  /** Does a step. */
  readonly step: (version: Version) => Promise<void>;
  /** Notes that a version is to be dropped, instead of what would come next. */
  readonly giveUp: (version: Version) => Promise<void>;
  /** Told of each step that failed. It is tried again. */
  readonly onFailed: (version: Version, error: unknown) => void;
}

/** Fills versions of tables in the background: one step after the other, each tried until it succeeds. */
export class Filling<Version> {
  readonly #options: FillingOptions<Version>;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  readonly #unwanted = new Set<string>();
  #running: Promise<void> | undefined;
  #idle = true;
  /** What stops the reading that is under way, by the table of its version. */
  #reading: { readonly table: string; readonly stopping: AbortController } | null = null;

  constructor(options: FillingOptions<Version>) {
    this.#options = options;
  }

  /** Aborts when it is stopped. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** There may be something to do. */
  goOn(): void {
    if (!this.#idle || this.signal.aborted) return;
    this.#idle = false;
    this.#running = this.#run();
  }

  /** Drops a version that is being filled, instead of filling it. */
  giveUp(table: string): void {
    this.#unwanted.add(table);
    if (this.#reading?.table === table) this.#reading.stopping.abort();
    this.goOn();
  }

  /** Stops after the step under way, if any. It is gone on with from there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when all is filled, or when it was stopped. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** A step that reads on, however long. @returns false if it was stopped, or its version given up. */
  async read(table: string, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const stopping = new AbortController();
    this.#reading = { table, stopping };
    return withFirstOf([this.signal, stopping.signal], async (signal) => {
      try {
        await work(signal);
      } finally {
        this.#reading = null;
      }
      return !signal.aborted;
    });
  }

  async #run(): Promise<void> {
    const { next, tableOf, step, giveUp, onFailed } = this.#options;
    while (!this.signal.aborted) {
      const version = next();
      if (version === undefined) break;
      try {
        if (this.#unwanted.delete(tableOf(version))) await giveUp(version);
        else await step(version);
        this.#backoff.reset();
      } catch (error) {
        onFailed(version, error);
        await this.#backoff.wait(this.signal);
      }
    }
    this.#idle = true;
  }
}
