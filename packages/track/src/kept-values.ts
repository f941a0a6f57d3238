/** Small values that outlive the page. None of these throws: a browser may have no room, or forbid it. */
export interface KeptValues {
  get(name: string): string | null;
  /** False if it could not be kept. */
  set(name: string, value: string): boolean;
  remove(name: string): void;
  names(): readonly string[];
}

/** All names of ours begin so; the rest of the storage is the site's. */
export const prefix = 'millrace.';

/**
 * In `localStorage`, which all tabs of an origin share. Where it is missing or
 * forbidden nothing is kept.
 */
export function keptInStorage(storage: () => Storage | undefined): KeptValues {
  // The mere access throws where the browser forbids it.
  const attempt = <Result>(work: (storage: Storage) => Result, otherwise: Result): Result => {
    try {
      const there = storage();
      return there ? work(there) : otherwise;
    } catch {
      return otherwise;
    }
  };
  return {
    get: (name) => attempt((there) => there.getItem(prefix + name), null),
    set: (name, value) =>
      attempt((there) => {
        there.setItem(prefix + name, value);
        return true;
      }, false),
    remove: (name) => attempt((there) => there.removeItem(prefix + name), undefined),
    names: () =>
      attempt(
        (there) =>
          Object.keys(there)
            .filter((name) => name.startsWith(prefix))
            .map((name) => name.slice(prefix.length)),
        [],
      ),
  };
}

/** The same, with what cannot be kept held for the life of the page. */
export function orInMemory(kept: KeptValues): KeptValues {
  const held = new Map<string, string>();
  return {
    get: (name) => held.get(name) ?? kept.get(name),
    set(name, value) {
      if (kept.set(name, value)) held.delete(name);
      else held.set(name, value);
      return true;
    },
    remove(name) {
      held.delete(name);
      kept.remove(name);
    },
    names: () => [...new Set([...held.keys(), ...kept.names()])],
  };
}
