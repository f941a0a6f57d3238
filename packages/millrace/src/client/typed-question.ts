import type { Duration } from '../define/duration.ts';
import type { FieldOf, FieldTypeOf } from '../define/fields.ts';
import type { Measures } from '../define/measure.ts';
import type { ScalarType } from '../define/property-types.ts';
import type { Every } from '../define/rollup.ts';
import type { MeasureMistake } from '../define/rollup-check.ts';
import type { AggregateRow, AnyPipeline, DimensionName, EventName } from '../define/rows.ts';
import type { Where } from '../define/where.ts';

/** A question that the events of a pipeline can answer. */
export interface TypedQuestion<
  P extends AnyPipeline,
  From extends EventName<P>,
  By extends string,
  Width extends Every | undefined,
  Kept extends Measures,
  Other extends boolean,
  Compared extends 'previous' | undefined,
  Sample extends SampleAsked = undefined,
> extends AskedOfAll {
  /** The event types it is about. */
  readonly from: From | readonly From[];
  readonly measures: Kept & CheckedMeasures<P, NoInfer<From>, NoInfer<Kept>>;
  /** A row for each combination of these fields. `address.city` becomes the column `address_city`. */
  readonly by?: readonly By[];
  readonly where?: Where<P['events'], NoInfer<From>>;
  /** A row for each bucket of this width, by the calendar and clock of `zone`. Without it, totals. */
  readonly every?: Width;
  /** An IANA time zone. Default UTC. */
  readonly zone?: string;
  /** By these columns, the first before the second. What is equal goes by bucket and dimensions. */
  readonly order?: {
    readonly [Column in ColumnOf<By, Width, Kept, Compared, Sample>]?: 'asc' | 'desc';
  };
  /**
   * One row for all groups beyond `limit`, which then counts groups, in the order of their totals
   * over the range. In that row `other` is true, and the fields of `by` are null.
   */
  readonly other?: Other;
  /** Also the measures of the period before, as long as the range: `revenue_previous`. Needs `since` and `until`. */
  readonly compare?: Compared;
  /**
   * Where no rollup answers: from this share of the time, 0.001 to 0.5, or from as much as one
   * question may read. Each measure has the ends of its 95 % interval beside it: `revenue_low`,
   * `revenue_high`. Needs `since` and `until`.
   */
  readonly sample?: Sample;
  /** Rows also for buckets without events. Needs `every`, `since` and `until`. */
  readonly fill?: boolean;
}

export type SampleAsked = number | 'auto' | undefined;

/** What can be asked of questions of every kind. */
export interface AskedOfAll {
  /** Event time, from then on. A number is milliseconds since the epoch. */
  readonly since?: Date | string | number;
  /** Event time, before then. */
  readonly until?: Date | string | number;
  /** The most rows, 1 to 10,000. Default 1,000. */
  readonly limit?: number;
  /** How old the answer may be, though there is more by now: `'5s'`, at most `'1m'`. Default: not at all. */
  readonly age?: Duration;
  /** Whether the answer says how it came about. */
  readonly explain?: boolean;
}

/** A row of its answer. */
export type QuestionRow<
  P extends AnyPipeline,
  From extends string,
  By extends string,
  Width extends Every | undefined,
  Kept extends Measures,
  Other extends boolean = false,
  Compared extends 'previous' | undefined = undefined,
  Sample extends SampleAsked = undefined,
> = Flat<
  AnyGroup<AggregateRow<P['events'], From, By, Kept, BucketOf<Width>>, DimensionName<By>, Other> &
    (Other extends true ? { readonly other: boolean } : unknown) &
    Previous<AggregateRow<P['events'], From, never, Kept, never>, Compared> &
    Bounds<AggregateRow<P['events'], From, never, Kept, never>, Sample>
>;

/** One object type, however many it was put together from. */
export type Flat<Row> = { readonly [Column in keyof Row]: Row[Column] };

/** The row of all other groups has none of their values. */
type AnyGroup<Row, Dimension extends string, Other extends boolean> = Other extends true
  ? { readonly [Column in keyof Row]: Row[Column] | (Column extends Dimension ? null : never) }
  : Row;

type Previous<Measured, Compared> = Compared extends 'previous'
  ? { readonly [Column in keyof Measured as PreviousOf<Column & string>]: Measured[Column] }
  : unknown;

type PreviousOf<Column extends string> = `${Column}_previous`;

/** Null where too few events were seen to tell. */
type Bounds<Measured, Sample> = [Sample] extends [undefined]
  ? unknown
  : {
      readonly [Column in keyof Measured as BoundOf<
        Column & string
      >]: Measured[Column] extends readonly unknown[] ? readonly (number | null)[] : number | null;
    };

type BoundOf<Column extends string> = `${Column}_low` | `${Column}_high`;

/** The fields by which rows can be grouped: those of a single value. */
export type DimensionOf<P extends AnyPipeline, From extends string> = {
  [Name in FieldOf<P['events'], From>]: FieldTypeOf<P['events'], From, Name> extends ScalarType
    ? Name
    : never;
}[FieldOf<P['events'], From>];

export type BucketOf<Width extends Every | undefined> = Width extends Every ? 'bucket' : never;

type ColumnOf<
  By extends string,
  Width extends Every | undefined,
  Kept extends Measures,
  Compared extends 'previous' | undefined,
  Sample extends SampleAsked,
> =
  | BucketOf<NoInfer<Width>>
  | DimensionName<NoInfer<By>>
  | (keyof NoInfer<Kept> & string)
  | (NoInfer<Compared> extends 'previous' ? PreviousOf<keyof NoInfer<Kept> & string> : never)
  | ([NoInfer<Sample>] extends [undefined] ? never : BoundOf<keyof NoInfer<Kept> & string>);

/** Each measure as it is, or a sentence that says what is wrong with it. */
type CheckedMeasures<P extends AnyPipeline, From extends string, Kept extends Measures> = {
  readonly [Name in keyof Kept]: [MeasureMistake<P['events'], From, Pick<Kept, Name>>] extends [
    never,
  ]
    ? Kept[Name]
    : MeasureMistake<P['events'], From, Pick<Kept, Name>>;
};
