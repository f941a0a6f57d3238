import type { Answer } from '../../question/answer.ts';
import { duration, grouped, percent } from '../../words/numbers.ts';
import { exploreWords } from './words.ts';

interface SampleNoteProps {
  /** Null where all was read after all. */
  readonly sampled: NonNullable<Answer['sampled']> | null;
}

/** How much of the time an answer was read from, and what its intervals say. */
export function SampleNote({ sampled }: SampleNoteProps) {
  const t = exploreWords();
  return (
    <p id="sampled" class="card">
      {sampled === null
        ? t.exact
        : t.sampled(percent(sampled.share), grouped(sampled.slices), duration(sampled.slice_ms))}
    </p>
  );
}
