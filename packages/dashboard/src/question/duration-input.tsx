import { peopleWords } from './people-words.ts';

interface DurationInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** A length of time as questions write it: `30m`. The server says what is wrong with another. */
export const DurationInput = ({ label, value, onChange }: DurationInputProps) => (
  <label class="labelled">
    <span>{label}</span>
    <input
      class="short"
      title={peopleWords().durationHint}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value.trim())}
    />
  </label>
);
