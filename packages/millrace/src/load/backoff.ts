import { pause } from '../pause.ts';

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
