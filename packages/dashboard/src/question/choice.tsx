import { useId } from 'preact/hooks';

interface ChoiceProps<Value extends string> {
  readonly label: string;
  /** Shows the label to all, and not only to those who are read to. */
  readonly labelled?: boolean;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onChange: (value: Value) => void;
}

/** One of several values. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, labelled = false, value, options, onChange } = props;
  const id = useId();
  return (
    <div class="labelled">
      <label for={id} class={labelled ? '' : 'hidden-visually'}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) => {
          const chosen = options.find(([one]) => one === currentTarget.value);
          if (chosen) onChange(chosen[0]);
        }}
      >
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
