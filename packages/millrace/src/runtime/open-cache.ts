import { memoryCache } from '../adapters/cache/memory-cache.ts';
import { redisCache } from '../adapters/cache/redis-cache.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Plan } from '../plan/plan.ts';
import type { Cache } from '../ports/cache.ts';

export interface CacheSettings {
  /** Of the Redis that processes share; empty for a cache in each. */
  readonly redisUrl: string;
}

const unitsMax = 32 * 1024 * 1024;

/** Where answers are kept for those who ask the same. */
export const openCache = (
  { redisUrl }: CacheSettings,
  { pipeline }: Plan,
  onProblem: (what: string, error: unknown) => void,
): Cache =>
  redisUrl === ''
    ? memoryCache({ clock: systemClock, unitsMax })
    : redisCache({ url: redisUrl, prefix: `millrace:${pipeline}:`, onProblem });
