import { duration, grouped } from '../words/numbers.ts';
import type { Answer } from './answer.ts';
import { timeText } from './answer-table.tsx';
import { questionWords } from './words.ts';

interface ProvenanceProps {
  readonly answer: Answer;
  readonly zone: string;
}

/** Which table answered, of how much, and up to when. */
export function Provenance({ answer, zone }: ProvenanceProps) {
  const t = questionWords();
  const { served_by, rows_read, elapsed_ms, cached, as_of, kept_since, truncated } = answer;
  const time = (iso: string): string => timeText(Date.parse(iso), zone, null);
  return (
    <>
      <p class="quiet provenance">
        {[
          t.servedBy(served_by, grouped(rows_read), duration(elapsed_ms)),
          ...(cached ? [t.cached] : []),
          ...(as_of === null ? [] : [t.asOf(time(as_of))]),
        ].join(' · ')}
      </p>
      {truncated && <p class="notice">{t.truncated}</p>}
      {kept_since !== null && <p class="quiet">{t.keptSince(time(kept_since))}</p>}
    </>
  );
}
