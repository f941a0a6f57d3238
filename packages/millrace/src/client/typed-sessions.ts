import type { Duration } from '../define/duration.ts';
import type { PersonField } from '../define/person.ts';
import type { Every } from '../define/rollup.ts';
import type { AggregateRow, AnyPipeline, EventName } from '../define/rows.ts';
import type { TypedEvents } from './typed-events.ts';
import type { AskedOfAll, BucketOf, Flat } from './typed-question.ts';

/** What people do at a time, until they do nothing for a while. */
export interface TypedSessions<
  P extends AnyPipeline,
  From extends EventName<P>,
  Entry extends string,
  Exit extends string,
  Width extends Every | undefined,
> extends AskedOfAll,
    TypedEvents<P, From> {
  /** After so long without an event the next one begins another session. Default `30m`. */
  readonly gap?: Duration;
  /** Whose events belong together. Default `user_id`. */
  readonly per?: PersonField;
  /** A row for each bucket of this width in which sessions begin. Without it, totals. */
  readonly every?: Width;
  /** An IANA time zone. Default UTC. */
  readonly zone?: string;
  /** Fields of the first event, in columns as `entry_page`: a row for each combination. */
  readonly entry?: readonly Entry[];
  /** Fields of the last event, in columns as `exit_page`: a row for each combination. */
  readonly exit?: readonly Exit[];
  /** Which quantiles of the length. Default: the median. */
  readonly levels?: readonly number[];
}

export type SessionsRow<
  P extends AnyPipeline,
  From extends string,
  Entry extends string,
  Exit extends string,
  Width extends Every | undefined,
> = Flat<
  { readonly [Column in BucketOf<Width>]: Date } & Named<'entry', Fields<P, From, Entry>> &
    Named<'exit', Fields<P, From, Exit>> & {
      readonly sessions: bigint;
      readonly people: bigint;
      readonly events: bigint;
      /** Null where there are no sessions, as are the others below. */
      readonly events_per_session: number | null;
      /** The share of sessions of a single event. */
      readonly bounce_rate: number | null;
      readonly mean_duration_ms: number | null;
      /** For each of `levels`. */
      readonly duration_ms: readonly (number | null)[];
    }
>;

type Fields<P extends AnyPipeline, From extends string, Name extends string> = AggregateRow<
  P['events'],
  From,
  Name,
  Record<never, never>,
  never
>;

type Named<End extends string, Row> = {
  readonly [Column in keyof Row as `${End}_${Column & string}`]: Row[Column];
};
