import type { ObjectStore } from './object-store.ts';

export interface MemoryObjects extends ObjectStore {
  /** The next name in the order of their bytes, as whoever lists page by page is given it. */
  after(name: string): Promise<string | undefined>;
}

/** Objects in memory. @param turn each request waits for it, and is then done at once. */
export function memoryObjects(turn: () => Promise<unknown> = async () => {}): MemoryObjects {
  const kept = new Map<string, Uint8Array>();
  const names = (): readonly string[] =>
    [...kept.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return {
    async create(name, bytes) {
      await turn();
      if (kept.has(name)) return false;
      kept.set(name, bytes);
      return true;
    },
    async read(name) {
      await turn();
      return kept.get(name) ?? null;
    },
    async list(prefix) {
      await turn();
      return names().filter((name) => name.startsWith(prefix));
    },
    async remove(name) {
      await turn();
      kept.delete(name);
    },
    async after(last) {
      await turn();
      return names().find((name) => Buffer.compare(Buffer.from(name), Buffer.from(last)) > 0);
    },
  };
}
