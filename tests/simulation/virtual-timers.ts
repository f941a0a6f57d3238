import { vi } from 'vitest';
import { VirtualTime } from './virtual-time.ts';

/*
 * Stands in for `node:timers/promises`, and for the timers and the stopwatch
 * that are global, so that everything waits in virtual time.
 */
let time = new VirtualTime();

export function setTimeout(
  delayMs: number,
  value: undefined,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<undefined> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const takeBack = time.after(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    const abort = (): void => {
      takeBack();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export const setImmediate = (): Promise<void> => time.sleep(0);

/** Does the work while all timers wait in this time. */
export async function inVirtualTime<Result>(
  its: VirtualTime,
  work: () => Promise<Result>,
): Promise<Result> {
  time = its;
  vi.stubGlobal('performance', { now: () => its.nowMs });
  vi.stubGlobal('setTimeout', (run: () => void, delayMs: number) => new Timer(run, delayMs, false));
  vi.stubGlobal('setInterval', (run: () => void, delayMs: number) => new Timer(run, delayMs, true));
  const clear = (timer: Timer): void => timer.clear();
  vi.stubGlobal('clearTimeout', clear);
  vi.stubGlobal('clearInterval', clear);
  try {
    return await work();
  } finally {
    vi.unstubAllGlobals();
  }
}

class Timer {
  clear: () => void = () => {};

  constructor(run: () => void, delayMs: number, repeats: boolean) {
    const wait = (): void => {
      this.clear = time.after(delayMs, () => {
        if (repeats) wait();
        run();
      });
    };
    wait();
  }

  unref(): void {}
}
