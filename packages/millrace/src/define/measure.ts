/** A number kept for each bucket of a rollup. Absent values are left out of all but `count`. */
export type Measure =
  | CountMeasure
  | FieldMeasure<'sum' | 'min' | 'max' | 'avg' | 'uniq'>
  | QuantilesMeasure;

/** By the name of the column they become. */
export interface Measures {
  readonly [name: string]: Measure;
}

export interface CountMeasure {
  readonly kind: 'count';
}
export interface FieldMeasure<Kind extends string = string, Field extends string = string> {
  readonly kind: Kind;
  readonly field: Field;
}
export interface QuantilesMeasure<Field extends string = string>
  extends FieldMeasure<'quantiles', Field> {
  readonly levels: readonly number[];
}

const measureOf =
  <Kind extends string>(kind: Kind) =>
  <const Field extends string>(field: Field): FieldMeasure<Kind, Field> => ({ kind, field });

/** How many events. */
export const count = (): CountMeasure => ({ kind: 'count' });
/** Exact for integers and decimals; 0 when there is nothing to add. */
export const sum = measureOf('sum');
/** The least value; null when there is none. */
export const min = measureOf('min');
/** The greatest value; null when there is none. */
export const max = measureOf('max');
/** The mean as a float; null when there is nothing to average. */
export const avg = measureOf('avg');
/** About how many different values (ClickHouse's `uniqCombined64`: within a percent or so). */
export const uniq = measureOf('uniq');
/**
 * The values below which these shares of all values lie, each within 1 % of its
 * size (ClickHouse's `quantilesDD(0.01)`); null each when there are no values.
 * Floats nearer to 0 than 1e-8 are within 3 %, nearer than 1e-30 count as 0.
 */
export const quantiles = <const Field extends string>(
  field: Field,
  levels: readonly number[],
): QuantilesMeasure<Field> => ({ kind: 'quantiles', field, levels });
