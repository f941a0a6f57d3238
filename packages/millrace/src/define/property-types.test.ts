import { describe, expect, it } from 'vitest';
import {
  array,
  boolean,
  decimal,
  float64,
  int32,
  int64,
  object,
  oneOf,
  optional,
  type PropertyType,
  string,
  timestamp,
  uuid,
} from './property.ts';
import { clickhouseNullable, mappingOf, type SqlType, typedPaths } from './property-types.ts';

/** As the table at the head of property-types.ts writes it. */
const text = ({ name, parameters = [], fields = [] }: SqlType): string => {
  const parts = [
    ...parameters.map((part) => (typeof part === 'object' ? text(part) : String(part))),
    ...fields.map((field) => `${field.name} ${text(field.type)}`),
  ];
  return parts.length === 0 ? name : `${name}(${parts.join(', ')})`;
};

const line = object({ sku: string(), count: optional(int32()) });

describe('what each kind of property is', () => {
  it.each<[PropertyType, string, string, string]>([
    [string(), 'String', 'Nullable(String)', 'STRING'],
    [oneOf('a'), 'LowCardinality(String)', 'LowCardinality(Nullable(String))', 'STRING'],
    [boolean(), 'Bool', 'Nullable(Bool)', 'BOOLEAN'],
    [int32(), 'Int32', 'Nullable(Int32)', 'INT'],
    [int64(), 'Int64', 'Nullable(Int64)', 'BIGINT'],
    [float64(), 'Float64', 'Nullable(Float64)', 'DOUBLE'],
    [decimal(18, 2), 'Decimal(18, 2)', 'Nullable(Decimal(18, 2))', 'DECIMAL(18, 2)'],
    [timestamp(), 'DateTime64(3, UTC)', 'Nullable(DateTime64(3, UTC))', 'BIGINT'],
    [uuid(), 'UUID', 'Nullable(UUID)', 'STRING'],
    [array(int32()), 'Array(Int32)', 'Array(Int32)', 'ARRAY(INT)'],
    [
      array(line),
      'Array(JSON(sku Nullable(String), count Nullable(Int32)))',
      'Array(JSON(sku Nullable(String), count Nullable(Int32)))',
      'ARRAY(ROW(sku STRING, count INT))',
    ],
  ])('%o', (type, clickhouse, absent, flink) => {
    const mapping = mappingOf(type);
    expect(text(mapping.clickhouse)).toBe(clickhouse);
    expect(text(clickhouseNullable(type))).toBe(absent);
    expect(text(mapping.flink)).toBe(flink);
  });

  it('puts what is inside objects at paths of the one column', () => {
    const place = object({ city: string(), inner: optional(object({ n: int64() })) });
    expect(typedPaths({ place, x: optional(line) }).map(({ name }) => name)).toEqual([
      'place.city',
      'place.inner.n',
      'x.sku',
      'x.count',
    ]);
  });
});
