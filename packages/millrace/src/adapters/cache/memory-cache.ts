import type { Cache } from '../../ports/cache.ts';
import type { Clock } from '../../ports/clock.ts';

export interface MemoryCacheOptions {
  readonly clock: Clock;
  /** Of all entries, in UTF-16 units; what was not asked for the longest goes first. */
  readonly unitsMax: number;
}

interface Entry {
  readonly text: string;
  readonly untilMs: number;
}

/** A cache of this process. */
export function memoryCache({ clock, unitsMax }: MemoryCacheOptions): Cache {
  // In the order in which they were asked for last.
  const entries = new Map<string, Entry>();
  let units = 0;
  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    units -= key.length + entry.text.length;
  };
  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      if (clock.now() >= entry.untilMs) {
        forget(key);
        return null;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.text;
    },
    async set(key, text, keepMs) {
      forget(key);
      const more = key.length + text.length;
      if (more > unitsMax) return;
      entries.set(key, { text, untilMs: clock.now() + keepMs });
      units += more;
      for (const [oldest] of entries) {
        if (units <= unitsMax) break;
        forget(oldest);
      }
    },
    async close() {
      entries.clear();
    },
  };
}
