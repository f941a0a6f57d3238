import type { PropertyType } from '../define/property.ts';
import { mappingOf, type SqlType } from '../define/property-types.ts';

/** Whether two types are one in the store: neither an enum's values nor the order of members matter. */
export const sameType = (a: PropertyType, b: PropertyType): boolean =>
  storedType(a) === storedType(b);

/** A text that is the same for types that are stored the same way. */
export const storedType = (type: PropertyType): string =>
  JSON.stringify(sorted(mappingOf(type).clickhouse));

const sorted = (type: SqlType): SqlType => ({
  ...type,
  parameters: (type.parameters ?? []).map((part) =>
    typeof part === 'object' ? sorted(part) : part,
  ),
  fields: (type.fields ?? [])
    .map((field) => ({ name: field.name, type: sorted(field.type) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
});
