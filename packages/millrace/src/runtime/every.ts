export interface Recurring {
  /** Resolves once the work under way, if any, has ended. */
  stop(): Promise<void>;
}

/**
 * Does something again and again, never twice at once, without keeping the process alive.
 *
 * @param work told by its signal when it is stopped.
 */
export function every(
  periodMs: number,
  work: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): Recurring {
  const stopping = new AbortController();
  let underWay: Promise<void> | null = null;
  const timer = setInterval(() => {
    underWay ??= work(stopping.signal)
      .catch(onError)
      .finally(() => {
        underWay = null;
      });
  }, periodMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await underWay;
    },
  };
}
