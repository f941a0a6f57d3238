import { isCount } from './count.ts';

interface CountInputProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

/** A whole number from 1 on; what is none is not taken. */
export const CountInput = ({ label, value, max, onChange }: CountInputProps) => (
  <label class="labelled">
    <span>{label}</span>
    <input
      type="number"
      class="short"
      min="1"
      max={max}
      value={value}
      onChange={({ currentTarget: { valueAsNumber: count } }) => {
        if (isCount(count, max)) onChange(count);
      }}
    />
  </label>
);
