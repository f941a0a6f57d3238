import type { Limiter } from '../limiter.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import { Flight, type Made, type Making, type Source } from './answer-flight.ts';

export interface AnswerCacheOptions {
  readonly cache: Cache;
  readonly clock: Clock;
  /** Where questions wait that have no answer yet. */
  readonly line: Limiter;
}

export interface CachedQuestion {
  /** The same for questions that have one answer at any moment. */
  readonly key: string;
  /** What an answer would be read from now. */
  readonly source: () => Source;
  /** How old (ms) the answer may be, though there is more by now. */
  readonly ageMsMax: number;
  readonly signal: AbortSignal | undefined;
}

export interface GivenAnswer {
  readonly text: string;
  /** Everything that was in the log by then (epoch ms) is in it; null while that is not known. */
  readonly asOfMs: number | null;
  /** Whether it was made for somebody else. */
  readonly cached: boolean;
}

/** What stays the same may be dropped by age in the store meanwhile, which nobody tells. */
const keepMs = 60_000;

/**
 * Answers that were given before, and are as good now: because nothing has come
 * since, or because the asker is content with one of that age. Of many who ask
 * the same at once one is answered by the store, and the others with it: only
 * that one has a place in the line.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #flights = new Map<string, Flight>();

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /**
   * @param make asks the store; told by its signal when nobody waits for it any more.
   * @throws the reason of a signal; what the line refuses with, and what `make` throws.
   */
  async answer(
    asked: CachedQuestion,
    make: (signal: AbortSignal) => Promise<string>,
  ): Promise<GivenAnswer> {
    const now = asked.source();
    const isGood = (made: Making): boolean =>
      isCurrent(made, now) || this.#options.clock.now() - made.madeMs < asked.ageMsMax;
    const given = (made: Made, cached: boolean): GivenAnswer => ({
      text: made.text,
      asOfMs: (isCurrent(made, now) ? now : made).asOfMs,
      cached,
    });

    const kept = await this.#kept(asked.key);
    if (kept !== null && isGood(kept)) return given(kept, true);
    asked.signal?.throwIfAborted();
    const flying = this.#flights.get(asked.key);
    if (flying?.takes(isGood)) return given(await flying.landed(asked.signal), true);
    const flight = this.#fly(asked, make);
    return given(await flight.landed(asked.signal), false);
  }

  #fly({ key, source }: CachedQuestion, make: (signal: AbortSignal) => Promise<string>): Flight {
    const { cache, clock, line } = this.#options;
    const begin = (): Making => ({ ...source(), madeMs: clock.now() });
    const flight = new Flight({ line, begin, make });
    this.#flights.set(key, flight);
    const end = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.made.then(({ text, ...about }) => {
      end();
      return cache.set(key, `${JSON.stringify(about)}\n${text}`, keepMs);
    }, end);
    return flight;
  }

  async #kept(key: string): Promise<Made | null> {
    const found = await this.#options.cache.get(key);
    const end = found?.indexOf('\n') ?? -1;
    if (found === null || end < 0) return null;
    const about = makingIn(found.slice(0, end));
    return about && { ...about, text: found.slice(end + 1) };
  }
}

const isCurrent = (made: Source, { version }: Source): boolean =>
  version !== null && made.version === version;

/** Null for what is none: others may write into the cache as well. */
function makingIn(text: string): Making | null {
  try {
    const found: unknown = JSON.parse(text);
    return isMaking(found) ? found : null;
  } catch {
    return null;
  }
}

const isMaking = (found: unknown): found is Making =>
  typeof found === 'object' &&
  found !== null &&
  'version' in found &&
  (found.version === null || typeof found.version === 'string') &&
  'madeMs' in found &&
  typeof found.madeMs === 'number' &&
  'asOfMs' in found &&
  (found.asOfMs === null || typeof found.asOfMs === 'number');
