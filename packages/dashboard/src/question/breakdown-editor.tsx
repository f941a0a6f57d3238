import type { Field } from './fields.ts';
import { questionWords } from './words.ts';

interface BreakdownEditorProps {
  readonly fields: readonly Field[];
  readonly by: readonly string[];
  readonly onChange: (by: readonly string[]) => void;
}

/** By which fields groups are told apart. */
export function BreakdownEditor({ fields, by, onChange }: BreakdownEditorProps) {
  const t = questionWords();
  const others = fields.filter(({ name }) => !by.includes(name));
  return (
    <fieldset class="chips">
      <legend>{t.breakdown}</legend>
      {by.map((name) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-label={t.remove(name)}
          onClick={() => onChange(by.filter((one) => one !== name))}
        >
          {name} ×
        </button>
      ))}
      <select
        aria-label={t.addBreakdown}
        value=""
        onChange={({ currentTarget }) => {
          const name = currentTarget.value;
          // It stays on its first line, which is no field.
          currentTarget.value = '';
          if (name !== '') onChange([...by, name]);
        }}
      >
        <option value="">{t.addBreakdown}</option>
        {others.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </fieldset>
  );
}
