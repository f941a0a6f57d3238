import type { Every } from '../../plan/plan.ts';
import { dayMs } from '../../plan/read-duration.ts';
import { widthsMs } from '../../plan/widths.ts';
import { call, type Expression, infix, literal } from './nodes.ts';

/**
 * A Monday before every time there is (1900), counted from the epoch, which was a Thursday.
 * All buckets but months begin a multiple of their width after it.
 */
const firstMs = -(3 + 3_710 * 7) * dayMs;

/**
 * The start of the bucket that a time lies in, UTC, as DateTime64(0).
 *
 * Counted in milliseconds because the engine's own `toStartOf…` functions wrap
 * around before 1970 and after 2106, and, told to use their wider types, still
 * round fractions of a second before 1970 up. Counted from before every time because
 * a division rounds toward zero, and to mend that costs an event as much again.
 */
export const bucketStart = (every: Every, time: Expression): Expression => {
  if (every !== 'month') return atSecond(startSeconds(every, time));
  const day = startSeconds('day', time);
  const dayOfMonth = call('toDayOfMonth', atSecond(day));
  const days = infix('-', dayOfMonth, literal(1));
  return atSecond(infix('-', day, infix('*', days, literal(dayMs / 1_000))));
};

const startSeconds = (every: Exclude<Every, 'month'>, time: Expression): Expression => {
  const ms = infix('+', call('toUnixTimestamp64Milli', time), literal(-firstMs));
  const width = widthsMs[every];
  const seconds = infix('*', call('intDiv', ms, literal(width)), literal(width / 1_000));
  return infix('-', seconds, literal(-firstMs / 1_000));
};

const atSecond = (seconds: Expression): Expression =>
  call('fromUnixTimestamp64Second', seconds, literal('UTC'));
