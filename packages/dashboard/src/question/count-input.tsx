import { readCount } from './count.ts';
import { TypedInput } from './typed-input.tsx';

interface CountInputProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

/** A whole number from 1 on; what is none is not taken. */
export const CountInput = ({ label, value, max, onChange }: CountInputProps) => (
  <TypedInput
    label={label}
    labelled
    attributes={{ type: 'number', class: 'short', min: 1, max }}
    value={String(value)}
    onTyped={(text) => {
      const count = readCount(text, max);
      if (count !== undefined) onChange(count);
    }}
  />
);
