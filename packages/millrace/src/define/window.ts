import type { Duration } from './duration.ts';
import type { Measures } from './measure.ts';

/** Which stretches of event time a window covers. All are cut in UTC, from the epoch on. */
export type Span =
  | {
      /** Windows of this length, one after another. */
      readonly tumbling: Duration;
      readonly hopping?: never;
      readonly session?: never;
    }
  | {
      /** Windows of the length `size`, one beginning each `every`, which must divide it. */
      readonly hopping: { readonly size: Duration; readonly every: Duration };
      readonly tumbling?: never;
      readonly session?: never;
    }
  | {
      /**
       * From an event of a key to the last one that follows without a pause of
       * `gap`, and the gap. Cut at multiples of `max`, which is how far back it is
       * looked for events: default 24h, so at midnight.
       */
      readonly session: { readonly gap: Duration; readonly max?: Duration };
      readonly tumbling?: never;
      readonly hopping?: never;
    };

/** What a window computes. Nested properties are named by their path: `address.city`. */
export type WindowOptions<
  From extends string = string,
  By extends string = string,
  Filter = unknown,
  Kept extends Measures = Measures,
  Having = unknown,
> = Span & {
  /** The event types it is about. */
  readonly from: From | readonly From[];
  /** One result for each combination of these fields. `address.city` becomes the column `address_city`. */
  readonly by?: readonly By[];
  /** Which of the events. */
  readonly where?: Filter;
  /** The columns, by their names. */
  readonly measures: Kept;
  /** Which of the results, by their measures: the others are not written. */
  readonly having?: Having;
  /** Results whose window ended longer ago are dropped. Without it they are kept for ever. */
  readonly keep?: Duration;
};

/** What the compiler may assume of a window before it looks closely. */
export interface NamedWindow {
  readonly name: string;
}

export type WindowDefinition<
  Name extends string = string,
  From extends string = string,
  By extends string = string,
  Filter = unknown,
  Kept extends Measures = Measures,
  Having = unknown,
> = { readonly name: Name } & WindowOptions<From, By, Filter, Kept, Having>;

/**
 * Results over stretches of event time, each written once, when no event that
 * is not late can come any more. Late events are in none.
 *
 * @example
 * window('busy_users', {
 *   from: 'order', tumbling: '1m', by: ['user_id'],
 *   measures: { orders: count(), spent: sum('price') },
 *   having: { orders: { gte: 10 } },
 * })
 */
export const window = <
  const Name extends string,
  const From extends string,
  const Kept extends Measures,
  const By extends string = never,
  const Filter = undefined,
  const Having = undefined,
>(
  name: Name,
  options: WindowOptions<From, By, Filter, Kept, Having>,
): WindowDefinition<Name, From, By, Filter, Kept, Having> => ({ name, ...options });
