import type { Events, FieldTypeOf } from './fields.ts';
import type { CountMeasure, FieldMeasure, Measure, Measures } from './measure.ts';
import type {
  ArrayType,
  DecimalType,
  Float64Type,
  Int32Type,
  Int64Type,
  PropertyType,
} from './property.ts';
import type { AggregationMistake } from './rollup-check.ts';
import type { PredicateMistake } from './where.ts';
import type { NamedWindow, WindowDefinition } from './window.ts';

/** Each window as it is, or a sentence that says what is wrong with it. */
export type CheckedWindows<Declared extends Events, Windows extends readonly NamedWindow[]> = {
  readonly [Index in keyof Windows]: CheckedWindow<Declared, Windows[Index]>;
};

type CheckedWindow<Declared extends Events, Window> =
  Window extends WindowDefinition<
    infer Name,
    infer From,
    infer By,
    infer Filter,
    infer Kept,
    infer Having
  >
    ? [
        | AggregationMistake<Declared, From, By, Filter, Kept>
        | HavingMistake<Declared, From, Kept, Having>,
      ] extends [never]
      ? Window
      : `${Name}: ${AggregationMistake<Declared, From, By, Filter, Kept> | HavingMistake<Declared, From, Kept, Having>}`
    : never;

/** What is wrong with a condition on measures, in words; `never` if nothing is. */
export type HavingMistake<
  Declared extends Events,
  From extends string,
  Kept extends Measures,
  Having,
  Clause extends string = 'having',
> = Having extends object
  ? {
      [Name in keyof Having & string]: Name extends 'and' | 'or'
        ? Having[Name] extends readonly (infer One)[]
          ? HavingMistake<Declared, From, Kept, One, Clause>
          : `${Clause}.${Name} must be a list of conditions`
        : Name extends 'not'
          ? HavingMistake<Declared, From, Kept, Having[Name], Clause>
          : Name extends keyof Kept
            ? PredicateMistake<Name, MeasureType<Declared, From, Kept[Name]>, Having[Name], Clause>
            : `${Clause}: there is no measure ${Name}`;
    }[keyof Having & string]
  : never;

/** The type of a measure's value. */
type MeasureType<
  Declared extends Events,
  From extends string,
  Kept extends Measure,
> = Kept extends CountMeasure
  ? Int64Type
  : Kept extends FieldMeasure<infer Kind, infer Field>
    ? ComparedAs<Kind, FieldTypeOf<Declared, From, Field>>
    : never;

type ComparedAs<Kind extends string, Type extends PropertyType> = Kind extends 'sum'
  ? Type extends Int32Type | Int64Type
    ? Int64Type
    : Type extends DecimalType
      ? DecimalType
      : Float64Type
  : Kind extends 'min' | 'max'
    ? Type
    : Kind extends 'avg'
      ? Float64Type
      : Kind extends 'uniq'
        ? Int64Type
        : ArrayType;
