import type { PersonField } from '../define/person.ts';
import type { AnyPipeline, EventName } from '../define/rows.ts';
import type { TypedEvents } from './typed-events.ts';
import type { AskedOfAll } from './typed-question.ts';

/** How many people come back, and how long after their first event. */
export interface TypedRetention<
  P extends AnyPipeline,
  First extends EventName<P>,
  Return extends EventName<P>,
> extends AskedOfAll {
  /** With which event somebody begins. Default: any. */
  readonly first?: TypedEvents<P, First>;
  /** With which event somebody comes back. Default: any. */
  readonly return?: TypedEvents<P, Return>;
  /** The width of cohorts and periods, by the calendar of `zone`. */
  readonly every: 'day' | 'week' | 'month';
  /** The last period of a cohort, whose own bucket is 0: 1 to 400. Default 8. */
  readonly periods?: number;
  /** Whose events belong together. Default `user_id`. */
  readonly per?: PersonField;
  /** An IANA time zone. Default UTC. */
  readonly zone?: string;
}

/** One period of one cohort. */
export interface RetentionRow {
  /** When its bucket begins. */
  readonly cohort: Date;
  /** Who belongs to it. */
  readonly people: bigint;
  /** How many buckets later; 0 is the cohort's own. */
  readonly period: number;
  /** Of them, those who came back in the period. */
  readonly returned: bigint;
  readonly share: number;
}
