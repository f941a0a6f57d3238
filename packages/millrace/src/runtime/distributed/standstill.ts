import type { Offsets } from '../../ports/log-offsets.ts';

interface Stand {
  readonly at: number;
  readonly sinceMs: number;
  /** Whether it was said already that the reader stands here. */
  isTold: boolean;
}

/** Finds out where a reader of a log does not go on, though the log does. */
export class Standstill {
  readonly #standsMs: number;
  readonly #stands = new Map<number, Stand>();

  constructor(standsMs: number) {
    this.#standsMs = standsMs;
  }

  /**
   * Of these partitions those in which the reader has stood still for the time,
   * before the end; each once, until it has moved.
   */
  look(
    partitions: readonly number[],
    committed: Offsets,
    ends: Offsets,
    nowMs: number,
  ): readonly number[] {
    return partitions.filter((partition) => {
      const at = committed[partition] ?? 0;
      const known = this.#stands.get(partition);
      const stand = known?.at === at ? known : { at, sinceMs: nowMs, isTold: false };
      this.#stands.set(partition, stand);
      const isStuck = at < (ends[partition] ?? 0) && nowMs - stand.sinceMs >= this.#standsMs;
      if (!isStuck || stand.isTold) return false;
      stand.isTold = true;
      return true;
    });
  }
}
