import { useId } from 'preact/hooks';

interface EventPickerProps {
  readonly label: string;
  readonly types: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Types of event, each on or off. */
export function EventPicker({ label, types, chosen, onChange }: EventPickerProps) {
  const id = useId();
  return (
    <fieldset class="chips">
      <legend>{label}</legend>
      {types.map((type) => (
        <span key={type}>
          <input
            type="checkbox"
            id={`${id}${type}`}
            checked={chosen.includes(type)}
            onChange={({ currentTarget }) => {
              const { checked } = currentTarget;
              // What is chosen the view says: it may want one at least.
              currentTarget.checked = chosen.includes(type);
              onChange(types.filter((one) => (one === type ? checked : chosen.includes(one))));
            }}
          />
          <label for={`${id}${type}`}>{type}</label>
        </span>
      ))}
    </fieldset>
  );
}
