import type { Every } from '../../../plan/plan.ts';
import { offsetsOf } from '../../../plan/time-zone.ts';
import { bucketOf } from '../naive.suite.ts';

/** The start of the bucket by the wall clock and calendar of a zone. */
export const localBucket = (timestamp: number, every: Every, zone: string): number => {
  const offsetAt = offsetsOf(zone);
  const offset = offsetAt(timestamp);
  const wall = bucketOf(timestamp + offset, every);
  if (every === 'second' || every === 'minute' || every === 'hour') return wall - offset;
  // The first instant at which the wall says that day.
  let first = wall - offsetAt(wall - 86_400_000);
  const other = wall - offsetAt(wall + 86_400_000);
  for (const one of [first, other].sort((a, b) => a - b)) {
    first = one;
    if (one + offsetAt(one) >= wall) break;
  }
  return first;
};
