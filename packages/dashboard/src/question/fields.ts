import type { PipelineDescription } from '../api/pipeline.ts';

export type Field = PipelineDescription['common'][number];

const numeric: readonly string[] = ['int32', 'int64', 'float64', 'decimal'];

export const isNumeric = ({ kind }: Field): boolean => numeric.includes(kind);
/** Whether one value of it can be less than another. */
export const isOrdered = (field: Field): boolean =>
  isNumeric(field) || field.kind === 'string' || field.kind === 'timestamp';

/** What can be asked of these events: what all have, then what some of them have. */
export function fieldsOf(
  { common, events }: PipelineDescription,
  from: readonly string[],
): readonly Field[] {
  const found = new Map<string, Field>();
  for (const { type, fields } of events)
    if (from.includes(type))
      for (const field of fields) found.set(field.name, merged(found.get(field.name), field));
  return [...found.values(), ...common];
}

/** An enum may have other values in other events. */
function merged(before: Field | undefined, field: Field): Field {
  if (before?.values === undefined || field.values === undefined) return field;
  return { ...field, values: [...new Set([...before.values, ...field.values])] };
}
