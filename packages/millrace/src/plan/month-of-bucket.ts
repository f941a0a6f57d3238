import type { Every } from './plan.ts';
import { dayMs } from './read-duration.ts';
import { widthsMs } from './widths.ts';

/**
 * Where the month ends (epoch ms, UTC) in which the bucket of a time begins:
 * before it, all buckets begin in that month.
 */
export const endOfBucketMonthMs = (ms: number, every: Every): number => {
  const bucket = new Date(every === 'week' ? mondayOf(ms) : ms);
  const next = Date.UTC(bucket.getUTCFullYear(), bucket.getUTCMonth() + 1, 1);
  return every === 'week' ? mondayOf(next + 6 * dayMs) : next;
};

/** The Monday that a time's week begins with; the epoch was a Thursday. */
const mondayOf = (ms: number): number =>
  Math.floor((ms + 3 * dayMs) / (7 * dayMs)) * 7 * dayMs - 3 * dayMs;

/** Where the bucket of a time begins (epoch ms, UTC). */
export const bucketOfMs = (ms: number, every: Every): number => {
  switch (every) {
    case 'week':
      return mondayOf(ms);
    case 'month': {
      const day = new Date(ms);
      return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1);
    }
    default:
      return Math.floor(ms / widthsMs[every]) * widthsMs[every];
  }
};
