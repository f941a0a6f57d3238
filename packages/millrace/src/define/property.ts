/**
 * The closed set of property types. Each is plain data, so that a definition
 * can be serialised into a plan as it is.
 */
export type PropertyType =
  | StringType
  | EnumType
  | BooleanType
  | Int32Type
  | Int64Type
  | Float64Type
  | DecimalType
  | TimestampType
  | UuidType
  | ArrayType
  | ObjectType;

export interface StringType {
  readonly kind: 'string';
}
export interface EnumType<Value extends string = string> {
  readonly kind: 'enum';
  readonly values: readonly Value[];
}
export interface BooleanType {
  readonly kind: 'boolean';
}
export interface Int32Type {
  readonly kind: 'int32';
}
export interface Int64Type {
  readonly kind: 'int64';
}
export interface Float64Type {
  readonly kind: 'float64';
}
/** Exact: at most `precision` (≤ 18) digits, `scale` of them after the point. */
export interface DecimalType {
  readonly kind: 'decimal';
  readonly precision: number;
  readonly scale: number;
}
export interface TimestampType {
  readonly kind: 'timestamp';
}
export interface UuidType {
  readonly kind: 'uuid';
}
export interface ArrayType<Element extends PropertyType = PropertyType> {
  readonly kind: 'array';
  readonly element: Element;
}
export interface ObjectType<Shape extends Properties = Properties> {
  readonly kind: 'object';
  readonly properties: Shape;
}

/** A property that an event may leave out. Null and absent are the same. */
export interface Optional<Type extends PropertyType = PropertyType> {
  readonly kind: 'optional';
  readonly type: Type;
}

/** What stands behind a property's name: a type, or a type that may be absent. */
export type Property = PropertyType | Optional;
export interface Properties {
  readonly [name: string]: Property;
}

export const string = (): StringType => ({ kind: 'string' });
export const oneOf = <const Value extends string>(
  ...values: readonly Value[]
): EnumType<Value> => ({
  kind: 'enum',
  values,
});
export const boolean = (): BooleanType => ({ kind: 'boolean' });
export const int32 = (): Int32Type => ({ kind: 'int32' });
export const int64 = (): Int64Type => ({ kind: 'int64' });
export const float64 = (): Float64Type => ({ kind: 'float64' });
export const decimal = (precision: number, scale: number): DecimalType => ({
  kind: 'decimal',
  precision,
  scale,
});
export const timestamp = (): TimestampType => ({ kind: 'timestamp' });
export const uuid = (): UuidType => ({ kind: 'uuid' });
export const array = <Element extends PropertyType>(element: Element): ArrayType<Element> => ({
  kind: 'array',
  element,
});
export const object = <const Shape extends Properties>(properties: Shape): ObjectType<Shape> => ({
  kind: 'object',
  properties,
});
export const optional = <Type extends PropertyType>(type: Type): Optional<Type> => ({
  kind: 'optional',
  type,
});
