import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { StoreWaits } from './store-waits.ts';

export interface SilenceWatchOptions extends Pick<StoreWaits, 'askEveryMs' | 'signMsMax'> {
  /** Of the HTTP interface. */
  readonly url: string;
}

/** A statement whose answer is not there as a whole yet. */
export interface Waiting {
  /** Aborts, with the reason as an error, when the answer is no longer waited for. */
  readonly signal: AbortSignal;
  /** The answer has begun: what was set for that to happen counts no more. */
  begun(): void;
  /** To be called whatever becomes of it. */
  end(): void;
}

interface Watched {
  readonly sinceMs: number;
  readonly giveUp: (why: string) => void;
}

/**
 * Tells a server that takes its time from one of which nothing comes any more, as
 * where a firewall drops packets: over a connection of its own it asks for a sign
 * of life, which a busy server gives as well.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #watched = new Set<Watched>();
  #isAsking = false;
  #next: NodeJS.Timeout | undefined;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** @param beginMsMax how long the first of the answer is waited for at most. Default: for ever. */
  begin(beginMsMax?: number): Waiting {
    const given = new AbortController();
    const giveUp = (why: string): void => given.abort(new Error(why));
    const watched = { sinceMs: performance.now(), giveUp };
    const beginning =
      beginMsMax === undefined
        ? undefined
        : setTimeout(() => giveUp(`No answer came within ${beginMsMax} ms.`), beginMsMax);
    this.#watched.add(watched);
    this.#askSoon();
    return {
      signal: given.signal,
      begun: () => clearTimeout(beginning),
      end: () => {
        clearTimeout(beginning);
        this.#watched.delete(watched);
        if (this.#watched.size === 0) this.#rest();
      },
    };
  }

  #askSoon(): void {
    if (this.#isAsking || this.#next !== undefined || this.#watched.size === 0) return;
    this.#next = setTimeout(() => {
      this.#next = undefined;
      void this.#ask();
    }, this.#options.askEveryMs);
  }

  #rest(): void {
    clearTimeout(this.#next);
    this.#next = undefined;
  }

  async #ask(): Promise<void> {
    const { url, signMsMax } = this.#options;
    const askedMs = performance.now();
    this.#isAsking = true;
    const isAlive = await givesSign(url, signMsMax);
    this.#isAsking = false;
    for (const { sinceMs, giveUp } of this.#watched) {
      // What began later may go over another way.
      if (!isAlive && sinceMs <= askedMs) giveUp(`Nothing came from ${url} for ${signMsMax} ms.`);
    }
    this.#askSoon();
  }
}

/**
 * Whether anything comes within the time. A refusal is something: a server that is
 * about to end takes no connections, and answers those that it has.
 */
function givesSign(url: string, msMax: number): Promise<boolean> {
  const { protocol } = new URL(url);
  return new Promise((resolve) => {
    const asking = (protocol === 'https:' ? getSecurely : get)(
      `${url.replace(/\/$/, '')}/ping`,
      // One that was made before may be lost.
      { agent: false },
    );
    const waiting = setTimeout(() => {
      resolve(false);
      asking.destroy();
    }, msMax);
    const hear = (): void => {
      clearTimeout(waiting);
      resolve(true);
    };
    asking.once('response', (answer) => {
      answer.resume();
      hear();
    });
    asking.on('error', hear);
  });
}
