import type { Every } from './plan.ts';
import { dayMs } from './read-duration.ts';

/** The longest that a bucket can be, in UTC. */
export const widthsMs: { readonly [every in Every]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
  month: 31 * dayMs,
};

/** The width that is meant, if it is one. */
export const everyOf = (value: unknown): Every | undefined =>
  widths.find((width) => width === value);

/** From the narrowest to the widest. */
export const widths: readonly Every[] = ['second', 'minute', 'hour', 'day', 'week', 'month'];
