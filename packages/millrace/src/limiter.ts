import { MillraceError } from './errors.ts';

export interface LimiterOptions {
  readonly atOnceMax: number;
  /** One more is refused. Default: any number may wait. */
  readonly waitingMax?: number;
  /** Who has waited so long is refused. Default: nobody is. */
  readonly waitMsMax?: number;
  /** Once it aborts, who waits or comes is refused with its reason. What has begun goes on. */
  readonly closing?: AbortSignal;
}

/**
 * Runs what it is given, the first come first, never more than so many at a time.
 *
 * @param signal who waits leaves the line when it aborts; what has begun has to look at it itself.
 * @throws MillraceError `overloaded`; the reason of a signal; what the work throws.
 */
export type Limiter = <Result>(
  work: () => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

interface Waiting {
  enter(): void;
  refuse(why: unknown): void;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { atOnceMax, waitingMax = Number.POSITIVE_INFINITY, waitMsMax, closing } = options;
  const waiting = new Set<Waiting>();
  let running = 0;
  let lastWaitMs = 0;

  closing?.addEventListener('abort', () => {
    for (const one of waiting) one.refuse(closing.reason);
  });

  /** Whoever comes again after as long as the last one waited finds another line. */
  const overloaded = (): MillraceError =>
    new MillraceError(
      'overloaded',
      `${running} are being answered, and ${waiting.size} wait for their turn.`,
      { retryAfterS: Math.max(1, Math.ceil(lastWaitMs / 1000)) },
    );

  const wait = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const sinceMs = performance.now();
      const leave = (): void => {
        waiting.delete(one);
        clearTimeout(tired);
        signal?.removeEventListener('abort', gone);
      };
      const one: Waiting = {
        enter() {
          leave();
          lastWaitMs = performance.now() - sinceMs;
          resolve();
        },
        refuse(why) {
          leave();
          reject(why);
        },
      };
      const gone = (): void => one.refuse(signal?.reason);
      const tired =
        waitMsMax === undefined
          ? undefined
          : setTimeout(() => {
              lastWaitMs = waitMsMax;
              one.refuse(overloaded());
            }, waitMsMax);
      signal?.addEventListener('abort', gone);
      waiting.add(one);
    });

  return async (work, signal) => {
    closing?.throwIfAborted();
    signal?.throwIfAborted();
    if (running < atOnceMax) {
      running += 1;
      lastWaitMs = 0;
    } else if (waiting.size < waitingMax) await wait(signal);
    else throw overloaded();
    try {
      return await work();
    } finally {
      // Whoever leaves hands their place on, so that nobody new slips in before.
      const [next] = waiting;
      if (next === undefined) running -= 1;
      else next.enter();
    }
  };
}
