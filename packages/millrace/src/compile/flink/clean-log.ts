import type { SqlType } from '../../define/property-types.ts';
import type { FieldPlan } from '../../plan/plan.ts';
import { fieldType, propertiesColumn } from './field.ts';
import type { ColumnDefinition } from './nodes.ts';

/** The columns in which the clean log's JSON shows these fields, each once. */
export const cleanLogColumns = (fields: readonly FieldPlan[]): readonly ColumnDefinition[] => {
  const envelope = new Map<string, SqlType>();
  const properties: Row = new Map();
  for (const field of fields) {
    if (field.source === 'property') add(properties, field.path, fieldType(field));
    else envelope.set(field.name, fieldType(field));
  }
  const columns = [...envelope].map(([name, type]) => ({ name, type }));
  if (properties.size > 0) columns.push({ name: propertiesColumn, type: rowType(properties) });
  return columns.map((one) => ({ kind: 'physical', ...one }));
};

type Row = Map<string, SqlType | Row>;

function add(row: Row, [name, ...rest]: readonly string[], type: SqlType): void {
  if (name === undefined) return;
  if (rest.length === 0) {
    row.set(name, type);
    return;
  }
  const inner = row.get(name);
  const next: Row = inner instanceof Map ? inner : new Map();
  row.set(name, next);
  add(next, rest, type);
}

const rowType = (row: Row): SqlType => ({
  name: 'ROW',
  fields: [...row].map(([name, part]) => ({
    name,
    type: part instanceof Map ? rowType(part) : part,
  })),
});
