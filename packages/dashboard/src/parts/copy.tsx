import { useRef, useState } from 'preact/hooks';
import { common } from '../words/common.ts';

const shownMs = 2_000;

/** Text to copy, with a button that does it. */
export function Copy({ text, id }: { readonly text: string; readonly id?: string }) {
  const t = common();
  const code = useRef<HTMLElement>(null);
  const [done, setDone] = useState<'copied' | 'selected' | null>(null);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setDone('copied');
    } catch {
      // Not allowed here (plain http off localhost): it is selected, so that one key copies it.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setDone('selected');
    }
    setTimeout(() => setDone(null), shownMs);
  }

  return (
    <div class="copy">
      <pre>
        <code ref={code} {...(id === undefined ? {} : { id })}>
          {text}
        </code>
      </pre>
      <button type="button" onClick={() => void copy()}>
        {done === null ? t.copy : t[done]}
      </button>
    </div>
  );
}
