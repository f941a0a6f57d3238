/**
 * Works with a signal that aborts with the first of some, and takes it off them at the end.
 *
 * To be used where one of them lives long: of each `AbortSignal.any`, Node 20 keeps
 * something at its sources for as long as they live (measured: 65 bytes).
 */
export async function withFirstOf<Result>(
  signals: readonly AbortSignal[],
  work: (first: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const first = new AbortController();
  const leaves = signals.map((signal) => {
    const abort = (): void => first.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
  try {
    return await work(first.signal);
  } finally {
    for (const leave of leaves) leave();
  }
}
