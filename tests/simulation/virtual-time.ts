import type { Waits } from './waits.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time in which only what is waited for happens, one thing after another, in an
 * order that depends on nothing else; no time passes outside for it.
 */
export class VirtualTime {
  nowMs = 0;
  #due: Due[] = [];
  #order = 0;

  /** Runs it once the time has passed. Returns what takes it back. */
  after(delayMs: number, run: () => void): () => void {
    const due = { atMs: this.nowMs + delayMs, order: this.#order++, run };
    const at = this.#due.findLastIndex((other) => other.atMs <= due.atMs) + 1;
    this.#due.splice(at, 0, due);
    return () => {
      this.#due = this.#due.filter((other) => other !== due);
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /**
   * Lets time pass until the promise has an outcome.
   *
   * @throws Error naming what is waited for, if that takes longer than `msMax`.
   */
  async until<Result>(promise: Promise<Result>, msMax: number, waits: Waits): Promise<Result> {
    const untilMs = this.nowMs + msMax;
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (;;) {
      await promisesSettled();
      if (isSettled) return promise;
      const next = this.#due.shift();
      if (next === undefined) throw new Error(`Nothing goes on, and there is not: ${waits}.`);
      if (next.atMs > untilMs) throw new Error(`After ${msMax} ms there is not: ${waits}.`);
      this.nowMs = next.atMs;
      next.run();
    }
  }

  /** Ends everything that waits, for ever: whoever waited is gone. */
  async stop(): Promise<void> {
    // What can go on without waiting does, and may wait again.
    await promisesSettled();
    this.#due = [];
  }
}

/** Node runs what was given to `nextTick` when no promise is left to go on with. */
const promisesSettled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
