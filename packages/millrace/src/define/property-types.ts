import type {
  ArrayType,
  BooleanType,
  DecimalType,
  EnumType,
  Float64Type,
  Int32Type,
  Int64Type,
  ObjectType,
  Optional,
  Properties,
  Property,
  PropertyType,
  StringType,
  TimestampType,
  UuidType,
} from './property.ts';

/*
 * What each kind of property is in each language. This file is the one place:
 *
 * kind       sent (JSON)           read (TypeScript)  ClickHouse               Flink SQL
 * string     string                string             String                   STRING
 * enum       one of the strings    their union        LowCardinality(String)   STRING
 * boolean    boolean               boolean            Bool                     BOOLEAN
 * int32      number                number             Int32                    INT
 * int64      string or number      bigint             Int64                    BIGINT
 * float64    number                number             Float64                  DOUBLE
 * decimal    string or number      string             Decimal(p, s)            DECIMAL(p, s)
 * timestamp  ISO string or ms      Date               DateTime64(3, 'UTC')     BIGINT
 * uuid       string                string             UUID                     STRING
 * array      array                 array              Array(element)           ARRAY<element>
 * object     object                object             JSON(path type, …)       ROW<name type, …>
 *
 * An enum is a string in the store, so that one value more is not a migration.
 * In Flink a time is epoch milliseconds, as it is on the log.
 * In the store a property may always be absent: events of other types lack it.
 */

/** The value a sender gives. Integers beyond 2^53 and exact decimals are strings. */
export type InputOf<Type extends PropertyType> =
  Type extends EnumType<infer Value>
    ? Value
    : Type extends StringType | UuidType
      ? string
      : Type extends BooleanType
        ? boolean
        : Type extends Int32Type | Float64Type
          ? number
          : Type extends Int64Type | DecimalType
            ? string | number
            : Type extends TimestampType
              ? Date | string | number
              : Type extends ArrayType<infer Element>
                ? readonly InputOf<Element>[]
                : Type extends ObjectType<infer Shape>
                  ? InputsOf<Shape>
                  : never;

/** The value a reader gets. */
export type ValueOf<Type extends PropertyType> =
  Type extends EnumType<infer Value>
    ? Value
    : Type extends StringType | UuidType | DecimalType
      ? string
      : Type extends BooleanType
        ? boolean
        : Type extends Int32Type | Float64Type
          ? number
          : Type extends Int64Type
            ? bigint
            : Type extends TimestampType
              ? Date
              : Type extends ArrayType<infer Element>
                ? readonly ValueOf<Element>[]
                : Type extends ObjectType<infer Shape>
                  ? ValuesOf<Shape>
                  : never;

/** Exact sums: integers stay integers, decimals decimals. */
export type SumOf<Type extends PropertyType> = Type extends Int32Type | Int64Type
  ? bigint
  : Type extends DecimalType
    ? string
    : number;

type OptionalNames<Shape extends Properties> = {
  [Name in keyof Shape]: Shape[Name] extends Optional ? Name : never;
}[keyof Shape];

export type TypeOf<One extends Property> =
  One extends Optional<infer Type> ? Type : Extract<One, PropertyType>;

type Flat<T> = { [Key in keyof T]: T[Key] };

export type InputsOf<Shape extends Properties> = Flat<
  {
    readonly [Name in Exclude<keyof Shape, OptionalNames<Shape>>]: InputOf<TypeOf<Shape[Name]>>;
  } & {
    readonly [Name in OptionalNames<Shape>]?: InputOf<TypeOf<Shape[Name]>> | null;
  }
>;

export type ValuesOf<Shape extends Properties> = {
  readonly [Name in keyof Shape]: Shape[Name] extends Optional<infer Type>
    ? ValueOf<Type> | null
    : ValueOf<TypeOf<Shape[Name]>>;
};

/** Types that can be added up and averaged. */
export type NumericType = Int32Type | Int64Type | Float64Type | DecimalType;
/** Types of which one value can be less than another, and both runtimes agree which. */
export type OrderedType = NumericType | StringType | TimestampType;
/** Types of a single value. */
export type ScalarType = Exclude<PropertyType, ArrayType | ObjectType>;

const numericKinds: readonly string[] = ['int32', 'int64', 'float64', 'decimal'];

export const isNumeric = (type: PropertyType): type is NumericType =>
  numericKinds.includes(type.kind);
export const isOrdered = (type: PropertyType): type is OrderedType =>
  isNumeric(type) || type.kind === 'string' || type.kind === 'timestamp';
export const isScalar = (type: PropertyType): type is ScalarType =>
  type.kind !== 'array' && type.kind !== 'object';

/** The name of a type in an SQL dialect, as data: printing and quoting it is the printer's. */
export interface SqlType {
  readonly name: string;
  readonly parameters?: readonly (number | string | SqlType)[];
  /** Settings of the type itself, as in `JSON(max_dynamic_paths = 0)`. */
  readonly settings?: { readonly [name: string]: number };
  /** Named parts: the typed paths of a JSON, the columns of a ROW. */
  readonly fields?: readonly { readonly name: string; readonly type: SqlType }[];
}

export interface TypeMapping {
  readonly clickhouse: SqlType;
  readonly flink: SqlType;
}

/** A value that is there, in each language. */
export const mappingOf = (type: PropertyType): TypeMapping => {
  switch (type.kind) {
    case 'string':
      return {
        clickhouse: { name: 'String' },
        flink: { name: 'STRING' },
      };
    case 'enum':
      return {
        clickhouse: { name: 'LowCardinality', parameters: [{ name: 'String' }] },
        flink: { name: 'STRING' },
      };
    case 'boolean':
      return {
        clickhouse: { name: 'Bool' },
        flink: { name: 'BOOLEAN' },
      };
    case 'int32':
      return {
        clickhouse: { name: 'Int32' },
        flink: { name: 'INT' },
      };
    case 'int64':
      return {
        clickhouse: { name: 'Int64' },
        flink: { name: 'BIGINT' },
      };
    case 'float64':
      return {
        clickhouse: { name: 'Float64' },
        flink: { name: 'DOUBLE' },
      };
    case 'decimal':
      return {
        clickhouse: { name: 'Decimal', parameters: [type.precision, type.scale] },
        flink: { name: 'DECIMAL', parameters: [type.precision, type.scale] },
      };
    case 'timestamp':
      return {
        clickhouse: { name: 'DateTime64', parameters: [3, 'UTC'] },
        flink: { name: 'BIGINT' },
      };
    case 'uuid':
      return {
        clickhouse: { name: 'UUID' },
        flink: { name: 'STRING' },
      };
    case 'array': {
      const element = mappingOf(type.element);
      return {
        clickhouse: { name: 'Array', parameters: [element.clickhouse] },
        flink: { name: 'ARRAY', parameters: [element.flink] },
      };
    }
    case 'object': {
      const members = Object.entries(type.properties).map(([name, property]) => ({
        name,
        type: mappingOf(typeOf(property)),
      }));
      return {
        clickhouse: {
          name: 'JSON',
          settings: { max_dynamic_paths: 0 },
          fields: typedPaths(type.properties),
        },
        flink: {
          name: 'ROW',
          fields: members.map(({ name, type: { flink } }) => ({ name, type: flink })),
        },
      };
    }
  }
};

export const typeOf = (property: Property): PropertyType =>
  property.kind === 'optional' ? property.type : property;

/** A value that may be absent, in ClickHouse. An absent array is empty: it has no null. */
export const clickhouseNullable = (type: PropertyType): SqlType => {
  const present = mappingOf(type).clickhouse;
  switch (type.kind) {
    case 'enum':
      return { name: 'LowCardinality', parameters: [nullable({ name: 'String' })] };
    case 'array':
    case 'object':
      return present;
    default:
      return nullable(present);
  }
};

/** The scalar and array properties under their full paths, for a column of type JSON. */
export const typedPaths = (
  properties: Properties,
  prefix = '',
): { readonly name: string; readonly type: SqlType }[] =>
  Object.entries(properties).flatMap(([name, property]) => {
    const type = typeOf(property);
    const path = `${prefix}${name}`;
    return type.kind === 'object'
      ? typedPaths(type.properties, `${path}.`)
      : [{ name: path, type: clickhouseNullable(type) }];
  });

export const nullable = (type: SqlType): SqlType => ({ name: 'Nullable', parameters: [type] });
