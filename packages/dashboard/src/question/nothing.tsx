import { Empty } from '../parts/states.tsx';
import { questionWords } from './words.ts';

/** Of a question that no event answers. */
export function Nothing() {
  const t = questionWords();
  return (
    <Empty>
      <p>{t.nothing}</p>
      <p>{t.nothingHint}</p>
    </Empty>
  );
}
