import type { Duration } from './duration.ts';
import type { Measures } from './measure.ts';

export type Every = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month';

/** What a rollup keeps. Nested properties are named by their path: `address.city`. */
export interface RollupOptions<
  From extends string = string,
  By extends string = string,
  Filter = unknown,
  Kept extends Measures = Measures,
> {
  /** The event types it counts. */
  readonly from: From | readonly From[];
  /** The width of a bucket, in UTC. A week starts on Monday. */
  readonly every: Every;
  /** One row for each combination of these fields. `address.city` becomes the column `address_city`. */
  readonly by?: readonly By[];
  /** Which of the events. */
  readonly where?: Filter;
  /** The columns, by their names. */
  readonly measures: Kept;
  /** Buckets older than this are dropped. Without it they are kept for ever. */
  readonly keep?: Duration;
}

/**
 * What the compiler may assume of a rollup before it looks closely. Were it more,
 * a `by` or `where` that was left out would be taken for any there could be.
 */
export interface NamedRollup {
  readonly name: string;
}

export interface RollupDefinition<
  Name extends string = string,
  From extends string = string,
  By extends string = string,
  Filter = unknown,
  Kept extends Measures = Measures,
> extends RollupOptions<From, By, Filter, Kept> {
  readonly name: Name;
}

/**
 * Numbers kept per bucket of event time, there as soon as the events are.
 *
 * @example
 * rollup('revenue_per_minute', {
 *   from: 'purchase', every: 'minute', by: ['currency'],
 *   measures: { orders: count(), revenue: sum('value') },
 * })
 */
export const rollup = <
  const Name extends string,
  const From extends string,
  const Kept extends Measures,
  const By extends string = never,
  const Filter = undefined,
>(
  name: Name,
  options: RollupOptions<From, By, Filter, Kept>,
): RollupDefinition<Name, From, By, Filter, Kept> => ({ name, ...options });
