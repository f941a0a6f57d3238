import { useState } from 'preact/hooks';
import { Copy } from '../parts/copy.tsx';
import { questionWords } from './words.ts';

interface QuestionCopiesProps {
  /** What each form of it is called, and its text; a form without a text is not there yet. */
  readonly forms: readonly (readonly [name: string, text: string | undefined])[];
}

/** A question in its forms: to be asked again elsewhere. */
export function QuestionCopies({ forms }: QuestionCopiesProps) {
  const t = questionWords();
  const [chosen, choose] = useState(0);
  const text = forms[chosen]?.[1];
  return (
    <details class="question-copies">
      <summary>{t.copyAs}</summary>
      <fieldset class="chips">
        <legend class="hidden-visually">{t.copyAs}</legend>
        {forms.map(([name], place) => (
          <span key={name}>
            <input
              type="radio"
              name="form"
              id={`form-${name}`}
              checked={place === chosen}
              onChange={() => choose(place)}
            />
            <label for={`form-${name}`}>{name}</label>
          </span>
        ))}
      </fieldset>
      {text !== undefined && <Copy id="question-text" text={text} />}
    </details>
  );
}
