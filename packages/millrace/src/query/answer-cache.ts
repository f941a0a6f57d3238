import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';

export interface CachedQuestion {
  /** The same for questions that have one answer at any moment. */
  readonly key: string;
  /** Changes with what the answer is read from; null while that is not known. */
  readonly version: string | null;
  /** How old (ms) the answer may be, though there is more by now. */
  readonly ageMsMax: number;
  readonly signal: AbortSignal | undefined;
}

/** An answer without what is only known when it is given. */
export interface MadeAnswer {
  /** Everything that was in the log by then (epoch ms) is in it; null while that is not known. */
  readonly asOfMs: number | null;
  readonly text: string;
}

export interface GivenAnswer extends MadeAnswer {
  /** Whether it was made for somebody else. */
  readonly cached: boolean;
  /** Whether nothing that it is read from has changed since. */
  readonly current: boolean;
}

/** What an answer was read from. */
interface Making {
  readonly version: string | null;
  /** Epoch ms, before anything was read. */
  readonly madeMs: number;
}

type Kept = Making & Omit<MadeAnswer, 'text'>;

interface Flight extends Making {
  readonly made: Promise<MadeAnswer>;
  readonly stopping: AbortController;
  askers: number;
}

/** What stays the same may be dropped by age in the store meanwhile, which nobody tells. */
const keepMs = 60_000;

/**
 * Answers that were given before, and are as good now: because nothing has come
 * since, or because the asker is content with one of that age. Of many who ask
 * the same at once one is answered by the store, and the others with it.
 */
export class AnswerCache {
  readonly #cache: Cache;
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();

  constructor(cache: Cache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** @param make asks the store; told by its signal when nobody waits for it any more. */
  async answer(
    asked: CachedQuestion,
    make: (signal: AbortSignal) => Promise<MadeAnswer>,
  ): Promise<GivenAnswer> {
    const kept = await this.#kept(asked.key);
    if (kept !== null && this.#isGood(kept, asked)) {
      const current = isCurrent(kept, asked);
      return { asOfMs: kept.asOfMs, text: kept.text, cached: true, current };
    }
    asked.signal?.throwIfAborted();
    const flying = this.#flights.get(asked.key);
    // One that all have left comes to nothing, though it may not have ended yet.
    const joined =
      flying !== undefined && !flying.stopping.signal.aborted && this.#isGood(flying, asked);
    const flight = joined ? flying : this.#fly(asked, make);
    const made = await landed(flight, asked.signal);
    return { ...made, cached: joined, current: isCurrent(flight, asked) };
  }

  #isGood(made: Making, asked: CachedQuestion): boolean {
    return isCurrent(made, asked) || this.#clock.now() - made.madeMs < asked.ageMsMax;
  }

  #fly(
    { key, version }: CachedQuestion,
    make: (signal: AbortSignal) => Promise<MadeAnswer>,
  ): Flight {
    const madeMs = this.#clock.now();
    const stopping = new AbortController();
    const made = make(stopping.signal);
    const flight: Flight = { version, madeMs, made, stopping, askers: 0 };
    this.#flights.set(key, flight);
    const end = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    made.then(({ asOfMs, text }) => {
      end();
      const about: Kept = { version, madeMs, asOfMs };
      return this.#cache.set(key, `${JSON.stringify(about)}\n${text}`, keepMs);
    }, end);
    return flight;
  }

  async #kept(key: string): Promise<(Kept & MadeAnswer) | null> {
    const found = await this.#cache.get(key);
    const end = found?.indexOf('\n') ?? -1;
    if (found === null || end < 0) return null;
    const about = keptIn(found.slice(0, end));
    return about && { ...about, text: found.slice(end + 1) };
  }
}

const isCurrent = (made: Making, { version }: CachedQuestion): boolean =>
  version !== null && made.version === version;

/** Null for what is none: others may write into the cache as well. */
function keptIn(text: string): Kept | null {
  try {
    const found: unknown = JSON.parse(text);
    return isKept(found) ? found : null;
  } catch {
    return null;
  }
}

const isKept = (found: unknown): found is Kept =>
  typeof found === 'object' &&
  found !== null &&
  'version' in found &&
  (found.version === null || typeof found.version === 'string') &&
  'madeMs' in found &&
  typeof found.madeMs === 'number' &&
  'asOfMs' in found &&
  (found.asOfMs === null || typeof found.asOfMs === 'number');

/** The last to leave stops it. */
async function landed(flight: Flight, signal: AbortSignal | undefined): Promise<MadeAnswer> {
  flight.askers += 1;
  const left = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      flight.askers -= 1;
      if (flight.askers === 0) flight.stopping.abort(signal.reason);
      reject(signal.reason);
    });
  });
  return Promise.race([flight.made, left]);
}
