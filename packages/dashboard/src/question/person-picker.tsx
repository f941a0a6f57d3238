import { Choice } from './choice.tsx';
import { peopleWords } from './people-words.ts';
import { type PersonField, personFields } from './person.ts';

interface PersonPickerProps {
  readonly per: PersonField;
  readonly onChange: (per: PersonField) => void;
}

/** Whose events belong together. */
export function PersonPicker({ per, onChange }: PersonPickerProps) {
  const t = peopleWords();
  return (
    <Choice
      label={t.per}
      labelled
      value={per}
      options={personFields.map((field) => [field, t[field]])}
      onChange={onChange}
    />
  );
}
