export interface Recurring {
  /** Resolves once the work under way, if any, has ended. */
  stop(): Promise<void>;
}

/** Does something again and again, never twice at once, without keeping the process alive. */
export function every(
  periodMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Recurring {
  let underWay: Promise<void> | null = null;
  const timer = setInterval(() => {
    underWay ??= work()
      .catch(onError)
      .finally(() => {
        underWay = null;
      });
  }, periodMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}
