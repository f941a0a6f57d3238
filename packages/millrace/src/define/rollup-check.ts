import type { BuiltInType, Events, FieldOf, FieldTypeOf } from './fields.ts';
import type { CountMeasure, FieldMeasure, Measures } from './measure.ts';
import type { PropertyType } from './property.ts';
import type { NumericType, OrderedType, ScalarType } from './property-types.ts';
import type { NamedRollup, RollupDefinition } from './rollup.ts';
import type { WhereMistake } from './where.ts';

/**
 * Each rollup as it is, or a sentence that says what is wrong with it: the
 * compiler then shows that sentence as the type that was expected.
 */
export type CheckedRollups<Declared extends Events, Rollups extends readonly NamedRollup[]> = {
  readonly [Index in keyof Rollups]: CheckedRollup<Declared, Rollups[Index]>;
};

type CheckedRollup<Declared extends Events, Rollup> =
  Rollup extends RollupDefinition<infer Name, infer From, infer By, infer Filter, infer Kept>
    ? [AggregationMistake<Declared, From, By, Filter, Kept>] extends [never]
      ? Rollup
      : `${Name}: ${AggregationMistake<Declared, From, By, Filter, Kept>}`
    : never;

/** What is wrong with what is asked of the events `From`, in words; `never` if nothing is. */
export type AggregationMistake<
  Declared extends Events,
  From extends string,
  By extends string,
  Filter,
  Kept extends Measures,
> = [UnknownEvent<Declared, From>] extends [never]
  ?
      | ByMistake<Declared, From, By>
      | WhereMistake<Declared, From, Filter>
      | MeasureMistake<Declared, From, Kept>
  : `from: there is no event ${UnknownEvent<Declared, From>}`;

type UnknownEvent<Declared extends Events, From extends string> = Exclude<
  From,
  keyof Declared | BuiltInType
>;

type ByMistake<Declared extends Events, From extends string, By extends string> =
  By extends FieldOf<Declared, From>
    ? FieldTypeOf<Declared, From, By> extends ScalarType
      ? never
      : `by: ${By} is not a single value`
    : `by: no event of ${From} has ${By}`;

/** What is wrong with the measures, in words; `never` if nothing is. */
export type MeasureMistake<Declared extends Events, From extends string, Kept extends Measures> = {
  [Name in keyof Kept & string]: Kept[Name] extends CountMeasure
    ? never
    : Kept[Name] extends FieldMeasure<infer Kind, infer Field>
      ? Field extends FieldOf<Declared, From>
        ? [FieldTypeOf<Declared, From, Field>] extends [Measurable<Kind>]
          ? never
          : `measures.${Name}: ${Kind} cannot take ${Field} (${FieldTypeOf<Declared, From, Field>['kind']})`
        : `measures.${Name}: no event of ${From} has ${Field}`
      : never;
}[keyof Kept & string];

/** The types of which a measure can be made. */
export type Measurable<Kind extends string> = Kind extends 'sum' | 'avg' | 'quantiles'
  ? NumericType
  : Kind extends 'min' | 'max'
    ? OrderedType
    : Kind extends 'uniq'
      ? ScalarType
      : PropertyType;
