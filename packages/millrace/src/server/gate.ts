/** Runs what it is given, the first come first, never more than `atOnceMax` at a time. */
export type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function createGate(atOnceMax: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    // Whoever leaves hands their place on, so that nobody new slips in before.
    if (running === atOnceMax) await new Promise<void>((enter) => waiting.push(enter));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
