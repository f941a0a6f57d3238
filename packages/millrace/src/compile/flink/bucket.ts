import type { Every } from '../../plan/plan.ts';
import { call, type Expression, infix, literal } from './nodes.ts';

const dayMs = 86_400_000;

/** The epoch was a Thursday; weeks start on Monday. */
const mondayBeforeEpochMs = 3 * dayMs;

/**
 * The start of the bucket that a time (epoch ms) lies in, UTC, in seconds since
 * the epoch.
 */
export const bucketStart = (every: Every, ms: Expression): Expression => {
  const startMs = (): Expression => {
    switch (every) {
      case 'second':
        return startOf(ms, 1_000);
      case 'minute':
        return startOf(ms, 60_000);
      case 'hour':
        return startOf(ms, 3_600_000);
      case 'day':
        return startOf(ms, dayMs);
      case 'week':
        return infix('-', ms, modulo(infix('+', ms, literal(mondayBeforeEpochMs)), 7 * dayMs));
      case 'month': {
        const day = startOf(ms, dayMs);
        const dayOfMonth: Expression = {
          node: 'day of month',
          of: call('TO_TIMESTAMP_LTZ', day, literal(3)),
        };
        return infix('-', day, infix('*', infix('-', dayOfMonth, literal(1)), literal(dayMs)));
      }
    }
  };
  // Exact, so whichever way division rounds.
  return infix('/', startMs(), literal(1_000));
};

/** The last multiple of a width (ms) at a time (epoch ms) or before. */
export const startOf = (ms: Expression, width: number): Expression =>
  infix('-', ms, modulo(ms, width));

/** Never negative: MOD takes the sign of what is divided. */
const modulo = (ms: Expression, width: number): Expression =>
  call('MOD', infix('+', call('MOD', ms, literal(width)), literal(width)), literal(width));
