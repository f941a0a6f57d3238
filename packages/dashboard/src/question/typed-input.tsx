import type { InputHTMLAttributes } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface TypedInputProps {
  readonly label: string;
  /** Shows the label to all, and not only to those who are read to. */
  readonly labelled?: boolean;
  readonly value: string;
  /** Told once somebody has ended typing; a text that is not taken gives way to `value`. */
  readonly onTyped: (text: string) => void;
  /** What kind of input it is. */
  readonly attributes?: InputHTMLAttributes;
}

/**
 * A value that is typed. A form is drawn anew also when an answer comes, and `value` on an `<input>`
 * would then replace a text that is not whole yet: here only another value does.
 */
export function TypedInput(props: TypedInputProps) {
  const { label, labelled = false, value, onTyped, attributes } = props;
  const input = useRef<HTMLInputElement>(null);
  const showValue = (): void => {
    if (input.current) input.current.value = value;
  };
  useLayoutEffect(showValue, [value]);
  return (
    <label class="labelled">
      <span class={labelled ? '' : 'hidden-visually'}>{label}</span>
      <input
        {...attributes}
        ref={input}
        onChange={({ currentTarget }) => onTyped(currentTarget.value)}
        onBlur={showValue}
      />
    </label>
  );
}
