import type { Answer } from './answer.ts';
import { csvOf, download } from './csv.ts';
import { Provenance } from './provenance.tsx';
import { questionWords } from './words.ts';

interface AnswerFootProps {
  readonly answer: Answer;
  readonly zone: string;
  /** Of the file, without its extension. */
  readonly name: string;
}

/** Where an answer comes from, and the whole of it as a file. */
export const AnswerFoot = ({ answer, zone, name }: AnswerFootProps) => (
  <div class="line">
    <Provenance answer={answer} zone={zone} />
    <button type="button" onClick={() => download(`${name}.csv`, csvOf(answer))}>
      {questionWords().csv}
    </button>
  </div>
);
