import type { Events, FieldOf, FieldTypeOf } from './fields.ts';
import type {
  BooleanType,
  DecimalType,
  EnumType,
  Float64Type,
  Int32Type,
  Int64Type,
  PropertyType,
  StringType,
  TimestampType,
  UuidType,
} from './property.ts';
import type { OrderedType, ScalarType } from './property-types.ts';

/**
 * Which events a rollup counts. All fields named must hold, and all operators
 * of one field. A comparison with an absent value is false; its `not` is true.
 *
 * @example
 * { value: { gt: '0' }, currency: 'EUR', or: [{ late: true }, { user_id: { present: true } }] }
 */
export type Where<Declared extends Events, From extends string> = {
  readonly [Name in FieldOf<Declared, From>]?: Predicate<FieldTypeOf<Declared, From, Name>>;
} & {
  readonly and?: readonly Where<Declared, From>[];
  readonly or?: readonly Where<Declared, From>[];
  readonly not?: Where<Declared, From>;
};

/** One value stands for `eq`. */
export type Predicate<Type extends PropertyType> =
  | Comparable<Type>
  | ({
      readonly eq?: Comparable<Type>;
      readonly ne?: Comparable<Type>;
      readonly in?: readonly Comparable<Type>[];
      readonly present?: boolean;
    } & ([Type] extends [OrderedType]
      ? {
          readonly lt?: Comparable<Type>;
          readonly lte?: Comparable<Type>;
          readonly gt?: Comparable<Type>;
          readonly gte?: Comparable<Type>;
        }
      : unknown));

/** A value to compare with, written as is handiest for the type. */
export type Comparable<Type extends PropertyType> =
  Type extends EnumType<infer Value>
    ? Value
    : Type extends StringType | UuidType
      ? string
      : Type extends BooleanType
        ? boolean
        : Type extends Int32Type | Float64Type
          ? number
          : Type extends Int64Type
            ? number | bigint | string
            : Type extends DecimalType
              ? string | number
              : Type extends TimestampType
                ? Date | string
                : never;

/** What is wrong with a `where`, in words; `never` if nothing is. */
export type WhereMistake<
  Declared extends Events,
  From extends string,
  Filter,
> = Filter extends object
  ? {
      [Name in keyof Filter & string]: Name extends 'and' | 'or'
        ? Filter[Name] extends readonly (infer One)[]
          ? WhereMistake<Declared, From, One>
          : `where.${Name} must be a list of conditions`
        : Name extends 'not'
          ? WhereMistake<Declared, From, Filter[Name]>
          : Name extends FieldOf<Declared, From>
            ? PredicateMistake<Name, FieldTypeOf<Declared, From, Name>, Filter[Name]>
            : `where: no event of ${From} has ${Name}`;
    }[keyof Filter & string]
  : never;

export type PredicateMistake<
  Name extends string,
  Type extends PropertyType,
  Given,
  Clause extends string = 'where',
> = [Type] extends [ScalarType]
  ? [UnknownOperator<Given>] extends [never]
    ? [Given] extends [Predicate<Type>]
      ? never
      : `${Clause}.${Name} does not fit the type ${Type['kind']}`
    : `${Clause}.${Name}: there is no operator ${UnknownOperator<Given>}`
  : `${Clause}.${Name}: a whole ${Type['kind']} cannot be compared`;

type UnknownOperator<Given> = Given extends Date | string | number | bigint | boolean
  ? never
  : Exclude<keyof Given & string, Operator>;

type Operator = 'eq' | 'ne' | 'in' | 'present' | 'lt' | 'lte' | 'gt' | 'gte';
