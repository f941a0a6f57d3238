import type { BuiltInType, Events, FieldTypeOf, IsRequired } from './fields.ts';
import type { CountMeasure, FieldMeasure, Measure, Measures } from './measure.ts';
import type { Pipeline } from './pipeline.ts';
import type { Properties, PropertyType } from './property.ts';
import type { InputsOf, SumOf, ValueOf, ValuesOf } from './property-types.ts';
import type { NamedRollup, RollupDefinition } from './rollup.ts';
import type { NamedWindow, WindowDefinition } from './window.ts';

export type AnyPipeline = Pipeline<Events, readonly NamedRollup[], readonly NamedWindow[]>;

/** The types of event a pipeline takes. */
export type EventName<P extends AnyPipeline> = (keyof P['events'] & string) | BuiltInType;

type ShapeOf<P extends AnyPipeline, Type extends string> = Type extends keyof P['events']
  ? P['events'][Type]['properties']
  : Properties;

type InputProperties<P extends AnyPipeline, Type extends string> = Type extends keyof P['events']
  ? InputsOf<P['events'][Type]['properties']>
  : { readonly [name: string]: unknown };

/** What one sends: `EventInput<typeof pipeline, 'purchase'>`. */
export type EventInput<P extends AnyPipeline, Type extends EventName<P>> = {
  readonly type: Type;
  /** 1 to 128 bytes, the same for each try. Without one an id is made, and retries may count twice. */
  readonly event_id?: string;
  /** When it happened. Default: when it is received. A number is milliseconds since the epoch. */
  readonly timestamp?: Date | string | number;
  readonly user_id?: string | null;
  readonly anonymous_id?: string | null;
  readonly session_id?: string | null;
  readonly context?: { readonly [name: string]: unknown };
} & (Record<never, never> extends InputProperties<P, Type>
  ? { readonly properties?: InputProperties<P, Type> }
  : { readonly properties: InputProperties<P, Type> });

/** A row of the table `events`. */
export interface EventRow<P extends AnyPipeline, Type extends EventName<P>> {
  readonly event_id: string;
  readonly type: Type;
  readonly timestamp: Date;
  readonly received_at: Date;
  readonly user_id: string | null;
  readonly anonymous_id: string | null;
  readonly session_id: string | null;
  readonly properties: Type extends keyof P['events']
    ? ValuesOf<ShapeOf<P, Type>>
    : { readonly [name: string]: unknown };
  readonly context: { readonly [name: string]: unknown };
  readonly late: boolean;
}

type RollupsOf<P extends AnyPipeline> = NonNullable<P['rollups']>[number];

export type RollupName<P extends AnyPipeline> = RollupsOf<P>['name'];

/**
 * A row of a rollup: `RollupRow<typeof pipeline, 'revenue_per_minute'>`. A
 * dimension may be null where some of the events may lack the field.
 */
export type RollupRow<P extends AnyPipeline, Name extends RollupName<P>> =
  Extract<RollupsOf<P>, { readonly name: Name }> extends RollupDefinition<
    Name,
    infer From,
    infer By,
    infer _Filter,
    infer Kept
  >
    ? AggregateRow<P['events'], From, By, Kept, 'bucket'>
    : never;

type WindowsOf<P extends AnyPipeline> = NonNullable<P['windows']>[number];

export type WindowName<P extends AnyPipeline> = WindowsOf<P>['name'];

/** A result of a window: `WindowRow<typeof pipeline, 'busy_users'>`. */
export type WindowRow<P extends AnyPipeline, Name extends WindowName<P>> =
  Extract<WindowsOf<P>, { readonly name: Name }> extends WindowDefinition<
    Name,
    infer From,
    infer By,
    infer _Filter,
    infer Kept,
    infer _Having
  >
    ? AggregateRow<P['events'], From, By, Kept, WindowTime>
    : never;

/** When it began, when it ended (exclusive), and when the result was written. */
type WindowTime = 'window_start' | 'window_end' | 'emitted_at';

/** A row of measures: its times, its dimensions, and the measures finished. */
export type AggregateRow<
  Declared extends Events,
  From extends string,
  By extends string,
  Kept extends Measures,
  Time extends string,
> = {
  readonly [Key in Time | DimensionName<By> | (keyof Kept & string)]: Key extends Time
    ? Date
    : Key extends keyof Kept
      ? MeasureValue<Declared, From, Kept[Key]>
      : DimensionValue<Declared, From, FieldNamed<By, Key>>;
};

/** `address.city` → `address_city` */
export type DimensionName<Field extends string> = Field extends `${infer Head}.${infer Rest}`
  ? `${Head}_${DimensionName<Rest>}`
  : Field;

type FieldNamed<Field extends string, Name> = Field extends unknown
  ? DimensionName<Field> extends Name
    ? Field
    : never
  : never;

type DimensionValue<Declared extends Events, From extends string, Field extends string> =
  | ValueOf<FieldTypeOf<Declared, From, Field>>
  | (IsRequired<Declared, From, Field> extends true ? never : null);

type MeasureValue<
  Declared extends Events,
  From extends string,
  Kept extends Measure,
> = Kept extends CountMeasure
  ? bigint
  : Kept extends FieldMeasure<infer Kind, infer Field>
    ? MeasureOf<Kind, FieldTypeOf<Declared, From, Field>>
    : never;

type MeasureOf<Kind extends string, Type extends PropertyType> = Kind extends 'sum'
  ? SumOf<Type>
  : Kind extends 'min' | 'max'
    ? ValueOf<Type> | null
    : Kind extends 'avg'
      ? number | null
      : Kind extends 'uniq'
        ? bigint
        : Kind extends 'quantiles'
          ? readonly (number | null)[]
          : never;
