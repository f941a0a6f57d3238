import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, KeyNeeded } from './api/ask.ts';
import { key, unlock } from './api/key.ts';
import { Failure } from './parts/states.tsx';
import { common } from './words/common.ts';

/** Asks for the read key until the server takes it. */
export function KeyForm() {
  const t = common();
  const input = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState(key.peek() !== null);
  const [error, setError] = useState<unknown>();
  useEffect(() => input.current?.focus(), []);

  async function tryKey(given: string): Promise<void> {
    setError(undefined);
    try {
      await ask('/dashboard/pipeline.json', { key: given });
      unlock(given);
    } catch (thrown) {
      if (!(thrown instanceof KeyNeeded)) return setError(thrown);
      setWrong(true);
      input.current?.focus();
    }
  }

  return (
    <main id="main" tabIndex={-1} aria-labelledby="view-title">
      <h1 id="view-title">{t.keyTitle}</h1>
      <form
        id="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          void tryKey(input.current?.value ?? '');
        }}
      >
        <label for="key">{t.keyLabel}</label>
        <input
          id="key"
          ref={input}
          type="password"
          autocomplete="off"
          required
          aria-invalid={wrong}
          aria-describedby="key-hint"
        />
        <button type="submit" class="primary">
          {t.keyOpen}
        </button>
        {wrong && (
          <p id="notice" class="notice" role="alert">
            {t.keyWrong}
          </p>
        )}
        {error !== undefined && <Failure error={error} />}
        <p id="key-hint" class="quiet">
          {t.keyHint}
        </p>
      </form>
    </main>
  );
}
