import type { PropertyType } from './property.ts';

/** The name of a type in an SQL dialect, as data: printing and quoting it is the printer's. */
export interface SqlType {
  readonly name: string;
  readonly parameters?: readonly (number | string | SqlType)[];
  /** Named parts: the typed paths of a JSON, the columns of a ROW. */
  readonly fields?: readonly { readonly name: string; readonly type: SqlType }[];
}

const nullable = (type: SqlType): SqlType => ({ name: 'Nullable', parameters: [type] });

/** The type of one value that is there. */
export const clickhouseType = (type: PropertyType): SqlType => {
  switch (type.kind) {
    case 'string':
      return { name: 'String' };
    case 'enum':
      return { name: 'LowCardinality', parameters: [{ name: 'String' }] };
    case 'boolean':
      return { name: 'Bool' };
    case 'int32':
      return { name: 'Int32' };
    case 'int64':
      return { name: 'Int64' };
    case 'float64':
      return { name: 'Float64' };
    case 'decimal':
      return { name: 'Decimal', parameters: [type.precision, type.scale] };
    case 'timestamp':
      return { name: 'DateTime64', parameters: [3, 'UTC'] };
    case 'uuid':
      return { name: 'UUID' };
    case 'array':
      return { name: 'Array', parameters: [clickhouseType(type.element)] };
    case 'object':
      return { name: 'JSON', parameters: [], fields: typedPaths(type.properties, []) };
  }
};

/** The same where the value may be absent. Arrays and objects have no null: they are empty. */
export const clickhouseNullableType = (type: PropertyType): SqlType => {
  switch (type.kind) {
    case 'enum':
      return { name: 'LowCardinality', parameters: [nullable({ name: 'String' })] };
    case 'array':
    case 'object':
      return clickhouseType(type);
    default:
      return nullable(clickhouseType(type));
  }
};

const typedPaths = (
  properties: { readonly [name: string]: PropertyType | { kind: 'optional'; type: PropertyType } },
  prefix: readonly string[],
): { name: string; type: SqlType }[] =>
  Object.entries(properties).flatMap(([name, property]) => {
    const type = property.kind === 'optional' ? property.type : property;
    const path = [...prefix, name];
    if (type.kind === 'object') return typedPaths(type.properties, path);
    return [{ name: path.join('.'), type: clickhouseNullableType(type) }];
  });
