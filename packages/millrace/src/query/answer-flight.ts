import type { Limiter } from '../limiter.ts';

export interface Source {
  /** Everything that was in the log by then (epoch ms) is in it; null while that is not known. */
  readonly asOfMs: number | null;
  /** Changes with what is in it; null while that is not known. */
  readonly version: string | null;
}

/** What an answer was read from. */
export interface Making extends Source {
  /** Epoch ms, before anything was read. */
  readonly madeMs: number;
}

export interface Made extends Making {
  readonly text: string;
}

export interface FlightOptions {
  /** Where it waits for its turn. */
  readonly line: Limiter;
  /** What it reads from, once it does. */
  readonly begin: () => Making;
  /** Told by the signal when nobody waits for it any more. */
  readonly make: (signal: AbortSignal) => Promise<string>;
}

/** An answer on its way, to as many as wait for it. */
export class Flight {
  readonly made: Promise<Made>;
  readonly #stopping = new AbortController();
  /** Null while it waits for its turn, and so has read nothing. */
  #begun: Making | null = null;
  #askers = 0;

  constructor({ line, begin, make }: FlightOptions) {
    const { signal } = this.#stopping;
    this.made = line(async () => {
      const begun = begin();
      this.#begun = begun;
      return { ...begun, text: await make(signal) };
    }, signal);
  }

  /** Whether somebody can still wait for it to whom an answer is good that `isGood` says yes to. */
  takes(isGood: (made: Making) => boolean): boolean {
    // One that all have left comes to nothing, though it may not have ended yet.
    if (this.#stopping.signal.aborted) return false;
    return this.#begun === null || isGood(this.#begun);
  }

  /**
   * Waits for it. The last to leave stops it.
   *
   * @throws the signal's reason; why there is no answer.
   */
  async landed(signal: AbortSignal | undefined): Promise<Made> {
    this.#askers += 1;
    const left = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.#askers -= 1;
        if (this.#askers === 0) this.#stopping.abort(signal.reason);
        reject(signal.reason);
      });
    });
    return Promise.race([this.made, left]);
  }
}
