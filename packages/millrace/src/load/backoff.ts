import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after the time, or at once when the signal aborts. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Waits that double from `firstMs` up to `mostMs`, until something succeeds. */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #nextMs: number;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#nextMs = firstMs;
  }

  async wait(signal: AbortSignal): Promise<void> {
    const durationMs = this.#nextMs;
    this.#nextMs = Math.min(this.#nextMs * 2, this.#mostMs);
    await pause(durationMs, signal);
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
