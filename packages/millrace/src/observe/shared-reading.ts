/**
 * One reading for all who ask within a period: it is made anew when somebody asks
 * later than that, and never twice at once.
 *
 * @param nowMs of a clock that is never put back.
 */
export function sharedReading<Value>(
  periodMs: number,
  read: () => Promise<Value>,
  nowMs: () => number = () => performance.now(),
): () => Promise<Value> {
  let reading: Promise<Value> | null = null;
  let freshUntilMs = 0;
  return () => {
    if (reading !== null && nowMs() < freshUntilMs) return reading;
    const begunMs = nowMs();
    freshUntilMs = Number.POSITIVE_INFINITY;
    const own = read().finally(() => {
      freshUntilMs = begunMs + periodMs;
    });
    reading = own;
    return own;
  };
}
