import { useCallback, useEffect, useState } from 'preact/hooks';
import { Away, KeyNeeded } from './ask.ts';

/** How long after it did not answer a server is asked again. */
const awayMs = 2_000;

/** What came of a question: what was answered last stays while the next answer is awaited. */
export interface Asked<Answer> {
  readonly answer: Answer | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly again: () => void;
}

/**
 * Asks when the view appears, and again whenever `dependencies` change; an
 * answer that nobody waits for any more is dropped. A server that is away is
 * asked until it answers.
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
  const again = useCallback(() => setTimes((count) => count + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState(({ answer, error }) => ({
      answer,
      // It is away until it answers: a notice that comes and goes would be read aloud each time.
      error: error instanceof Away ? error : undefined,
      loading: true,
    }));
    asking(stop.signal).then(
      (answer) => {
        if (!stop.signal.aborted) setState({ answer, error: undefined, loading: false });
      },
      (error: unknown) => {
        // The page asks for the key by itself, and the view begins anew.
        if (stop.signal.aborted || error instanceof KeyNeeded) return;
        setState(({ answer }) => ({ answer, error, loading: false }));
        if (error instanceof Away) timer = setTimeout(again, awayMs);
      },
    );
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [...dependencies, times]);
  return { ...state, again };
}
