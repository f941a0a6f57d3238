import { createClient } from 'redis';
import type { Cache } from '../../ports/cache.ts';
import { within } from '../../within.ts';

export interface RedisCacheOptions {
  /** `redis://[USER:PASSWORD@]HOST:PORT[/NUMBER]`, or `rediss://` over TLS. */
  readonly url: string;
  /** What all keys begin with. */
  readonly prefix: string;
  /** Told once when it fails, and not again before it has answered. */
  readonly onProblem: (what: string, error: unknown) => void;
  /** How long it waits for Redis. Default 50 ms: to ask the store would be as fast. */
  readonly answerMsMax?: number;
}

/** Nobody asks it again for so long after a failure, so that one that hangs holds nobody up. */
const restMs = 1_000;
const connectTimeoutMs = 2_000;
const reconnectMs = 500;
/** In UTF-16 units. */
const entryUnitsMax = 4 * 1024 * 1024;

/** A cache that processes share. How much it keeps, and what it drops first, Redis is told (`maxmemory`). */
export function redisCache(options: RedisCacheOptions): Cache {
  const { url, prefix, onProblem, answerMsMax = 50 } = options;
  const tooSlow = `Redis took longer than ${answerMsMax} ms.`;
  const client = createClient({
    url,
    // What cannot be sent now is of no use later.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: () => reconnectMs },
  });
  let restsUntil = Number.NEGATIVE_INFINITY;
  let failed = false;
  const fail = (error: unknown): void => {
    restsUntil = performance.now() + restMs;
    if (!failed) onProblem('the cache does not answer', error);
    failed = true;
  };
  client.on('error', fail);
  const connected = client.connect().catch(fail);

  /** Null where it fails, or is not asked. */
  const ask = async <Answer>(work: () => Promise<Answer>): Promise<Answer | null> => {
    if (performance.now() < restsUntil) return null;
    try {
      const answer = await within(answerMsMax, work(), tooSlow);
      failed = false;
      return answer;
    } catch (error) {
      fail(error);
      return null;
    }
  };

  return {
    get: (key) => ask(() => client.get(`${prefix}${key}`)),
    async set(key, text, keepMs) {
      if (text.length > entryUnitsMax) return;
      const expiration = { type: 'PX', value: keepMs } as const;
      await ask(() => client.set(`${prefix}${key}`, text, { expiration }));
    },
    async close() {
      await connected;
      client.destroy();
    },
  };
}
