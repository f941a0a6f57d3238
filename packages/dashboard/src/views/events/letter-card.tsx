import { useState } from 'preact/hooks';
import { key } from '../../api/key.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Copy } from '../../parts/copy.tsx';
import { Moment } from '../../parts/moment.tsx';
import { Answered } from '../../parts/states.tsx';
import { askRaw, type LetterSummary } from './ask-letters.ts';
import { Retry } from './retry.tsx';
import { eventsWords } from './words.ts';

interface LetterCardProps {
  readonly letter: LetterSummary;
  readonly onRetried: () => void;
}

/** An event that was refused: a line, and when it is opened why, what came, and a way to try again. */
export function LetterCard({ letter, onRetried }: LetterCardProps) {
  const t = eventsWords();
  const [isOpen, setOpen] = useState(false);
  const { id, received_at, code, reason, protocol, event_id, type, retried_at } = letter;
  return (
    <details class="card" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Moment at={received_at} /> <strong>{code}</strong> <span>{type ?? ''}</span>{' '}
        <span class="quiet">{reason}</span>
      </summary>
      <dl class="record">
        <div>
          <dt>{t.reason}</dt>
          <dd>{reason}</dd>
        </div>
        <div>
          <dt>{t.place}</dt>
          <dd>
            <code>{id}</code>
          </dd>
        </div>
        <div>
          <dt>{t.protocol}</dt>
          <dd>{protocol}</dd>
        </div>
        {event_id !== null && (
          <div>
            <dt>{t.event_id}</dt>
            <dd>
              <code>{event_id}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>{t.retriedAt}</dt>
          <dd>{retried_at === null ? t.notRetried : <Moment at={retried_at} />}</dd>
        </div>
      </dl>
      <h2>{t.raw}</h2>
      {isOpen && <Raw id={id} />}
      {retried_at === null && <Retry name={t.retry} filter={{ id }} onDone={onRetried} />}
    </details>
  );
}

function Raw({ id }: { readonly id: string }) {
  const asked = useAsked((signal) => askRaw(id, signal), [id, key.value]);
  return <Answered asked={asked}>{(text) => <Copy text={text} />}</Answered>;
}
