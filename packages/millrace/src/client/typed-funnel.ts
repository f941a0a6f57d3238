import type { Duration } from '../define/duration.ts';
import type { PersonField } from '../define/person.ts';
import type { AggregateRow, AnyPipeline, EventName } from '../define/rows.ts';
import type { Where } from '../define/where.ts';
import type { AskedOfAll, DimensionOf, Flat } from './typed-question.ts';

/** How many people go how far through steps. */
export interface TypedFunnel<
  P extends AnyPipeline,
  Steps extends readonly AnyStep<P>[],
  By extends string,
> extends AskedOfAll {
  /** One after another, at least two. */
  readonly steps: Steps & { readonly [At in keyof Steps]: TypedStep<P, FromOf<Steps[At]>> };
  /** How long after the first step the last may be. */
  readonly within: Duration;
  /** Whose events belong together. Default `user_id`. */
  readonly per?: PersonField;
  /** A funnel for each combination of these fields, as the event of the first step has them. */
  readonly by?: readonly By[];
  /** Which quantiles of the time from the first step on. Default: the median. */
  readonly levels?: readonly number[];
}

/** A step of any events. */
export interface AnyStep<P extends AnyPipeline> {
  readonly from: EventName<P> | readonly EventName<P>[];
  readonly where?: object;
}

type FromOf<Step> = Step extends { readonly from: infer From }
  ? Extract<From extends readonly (infer One)[] ? One : From, string>
  : never;

export interface TypedStep<P extends AnyPipeline, From extends string> {
  /** The event types that it may be. */
  readonly from: From | readonly From[];
  readonly where?: Where<P['events'], From>;
}

/** The fields by which a funnel can be cut. */
export type FunnelDimension<
  P extends AnyPipeline,
  Steps extends readonly AnyStep<P>[],
> = DimensionOf<P, FromOf<Steps[0]>>;

/** One step of one group. */
export type FunnelRow<
  P extends AnyPipeline,
  Steps extends readonly AnyStep<P>[],
  By extends string,
> = Flat<
  AggregateRow<P['events'], FromOf<Steps[0]>, By, Record<never, never>, never> & {
    /** From 1 on. */
    readonly step: number;
    /** The types of the step. */
    readonly event: string;
    readonly people: bigint;
    /** The share of those at the first step; null if nobody is. */
    readonly conversion: number | null;
    /** The share of those at the step before; null if nobody is. */
    readonly step_conversion: number | null;
    /** From the first step on, for each of `levels`. */
    readonly duration_ms: readonly (number | null)[];
  }
>;
