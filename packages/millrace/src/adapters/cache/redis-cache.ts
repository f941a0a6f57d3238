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
/**
 * A connection is given up for another after so long without an answer, whoever asked: over one that
 * the network knows no more nothing ever comes, and the system notices that after a quarter of an hour.
 */
const silentMsMax = 5_000;
/** In UTF-16 units. */
const entryUnitsMax = 4 * 1024 * 1024;

/** A cache that processes share. How much it keeps, and what it drops first, Redis is told (`maxmemory`). */
export function redisCache(options: RedisCacheOptions): Cache {
  const { url, prefix, onProblem, answerMsMax = 50 } = options;
  const tooSlow = `Redis took longer than ${answerMsMax} ms.`;
  let client: Client | null = null;
  let restsUntil = Number.NEGATIVE_INFINITY;
  let failed = false;
  let silentSince: number | null = null;

  const fail = (error: unknown): void => {
    restsUntil = performance.now() + restMs;
    if (!failed) onProblem('the cache does not answer', error);
    failed = true;
  };
  const connect = (): void => {
    const made = clientOf(url);
    client = made;
    silentSince = null;
    const failNow = (error: unknown): void => {
      if (client === made) fail(error);
    };
    made.on('error', failNow);
    // One that was given up meanwhile is not left open.
    made.connect().then(() => client !== made && made.destroy(), failNow);
  };
  const answered = <Answer>(answer: Answer): Answer => {
    silentSince = null;
    return answer;
  };
  /** Null where it fails, or is not asked. */
  const ask = async <Answer>(work: (to: Client) => Promise<Answer>): Promise<Answer | null> => {
    const now = performance.now();
    if (client === null || now < restsUntil) return null;
    if (silentSince !== null && now - silentSince > silentMsMax) {
      client.destroy();
      connect();
    }
    try {
      const answer = await within(answerMsMax, work(client).then(answered), tooSlow);
      failed = false;
      return answer;
    } catch (error) {
      silentSince ??= now;
      fail(error);
      return null;
    }
  };

  connect();
  return {
    get: (key) => ask((to) => to.get(`${prefix}${key}`)),
    async set(key, text, keepMs) {
      if (text.length > entryUnitsMax) return;
      const expiration = { type: 'PX', value: keepMs } as const;
      await ask((to) => to.set(`${prefix}${key}`, text, { expiration }));
    },
    async close() {
      const last = client;
      client = null;
      last?.destroy();
    },
  };
}

type Client = ReturnType<typeof clientOf>;

const clientOf = (url: string) =>
  createClient({
    url,
    // What cannot be sent now is of no use later.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: () => reconnectMs },
  });
