import { useState } from 'preact/hooks';
import { KeyNeeded } from '../../api/ask.ts';
import { Failure } from '../../parts/states.tsx';
import { type Retried, retryLetters } from './ask-letters.ts';
import { eventsWords } from './words.ts';

interface RetryProps {
  readonly name: string;
  readonly filter: Parameters<typeof retryLetters>[0];
  readonly onDone: () => void;
}

/** A button that sends letters through the checks again, and what came of it. */
export function Retry({ name, filter, onDone }: RetryProps) {
  const t = eventsWords();
  const [underWay, setUnderWay] = useState(false);
  const [retried, setRetried] = useState<Retried>();
  const [error, setError] = useState<unknown>();

  async function retry(): Promise<void> {
    setUnderWay(true);
    setError(undefined);
    setRetried(undefined);
    try {
      setRetried(await retryLetters(filter));
    } catch (thrown) {
      // The page asks for the key by itself.
      if (!(thrown instanceof KeyNeeded)) setError(thrown);
    } finally {
      setUnderWay(false);
      onDone();
    }
  }

  return (
    <>
      <button type="button" disabled={underWay} onClick={() => void retry()}>
        {underWay ? t.retrying : name}
      </button>
      <p class="retried" role="status">
        {retried && t.retried(retried.accepted, retried.duplicates, retried.rejected)}
      </p>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
