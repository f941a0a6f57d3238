import { useCallback, useEffect, useState } from 'preact/hooks';
import { KeyNeeded } from './ask.ts';

/** What came of a question: what was answered last stays while the next answer is awaited. */
export interface Asked<Answer> {
  readonly answer: Answer | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly again: () => void;
}

/**
 * Asks when the view appears, and again whenever `dependencies` change; an
 * answer that nobody waits for any more is dropped.
 */
export function useAsked<Answer>(
  asking: (signal: AbortSignal) => Promise<Answer>,
  dependencies: readonly unknown[],
): Asked<Answer> {
  const [times, setTimes] = useState(0);
  const [state, setState] = useState<Omit<Asked<Answer>, 'again'>>({
    answer: undefined,
    error: undefined,
    loading: true,
  });
  useEffect(() => {
    const stop = new AbortController();
    setState(({ answer }) => ({ answer, error: undefined, loading: true }));
    asking(stop.signal).then(
      (answer) => {
        if (!stop.signal.aborted) setState({ answer, error: undefined, loading: false });
      },
      (error: unknown) => {
        // The page asks for the key by itself, and the view begins anew.
        if (stop.signal.aborted || error instanceof KeyNeeded) return;
        setState(({ answer }) => ({ answer, error, loading: false }));
      },
    );
    return () => stop.abort();
  }, [...dependencies, times]);
  const again = useCallback(() => setTimes((count) => count + 1), []);
  return { ...state, again };
}
