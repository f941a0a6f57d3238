import { peopleWords } from './people-words.ts';
import { TypedInput } from './typed-input.tsx';

interface DurationInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A length of time as questions write it: `30m`. The server says what is wrong with another. */
export const DurationInput = ({ label, value, onChange }: DurationInputProps) => (
  <TypedInput
    label={label}
    labelled
    attributes={{ class: 'short', title: peopleWords().durationHint }}
    value={value}
    onTyped={(text) => onChange(text.trim())}
  />
);
