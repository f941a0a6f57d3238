import type { Every } from '../../plan/plan.ts';
import { call, type Expression, infix, literal } from './nodes.ts';

const dayMs = 86_400_000;

/** The epoch was a Thursday; weeks start on Monday. */
const mondayBeforeEpochMs = 3 * dayMs;

/**
 * The start of the bucket that a time lies in, UTC, as DateTime64(0).
 *
 * Counted in milliseconds because the engine's own `toStartOf…` functions wrap
 * around before 1970 and after 2106, and, told to use their wider types, still
 * round fractions of a second before 1970 up.
 */
export const bucketStart = (every: Every, time: Expression): Expression => {
  const ms = call('toUnixTimestamp64Milli', time);
  const startMs = (): Expression => {
    switch (every) {
      case 'second':
        return floor(ms, 1_000);
      case 'minute':
        return floor(ms, 60_000);
      case 'hour':
        return floor(ms, 3_600_000);
      case 'day':
        return floor(ms, dayMs);
      case 'week':
        return infix('-', ms, modulo(infix('+', ms, literal(mondayBeforeEpochMs)), 7 * dayMs));
      case 'month': {
        const day = floor(ms, dayMs);
        const dayOfMonth = call(
          'toDayOfMonth',
          call('fromUnixTimestamp64Milli', day, literal('UTC')),
        );
        return infix('-', day, infix('*', infix('-', dayOfMonth, literal(1)), literal(dayMs)));
      }
    }
  };
  return call(
    'fromUnixTimestamp64Second',
    call('intDiv', startMs(), literal(1_000)),
    literal('UTC'),
  );
};

const floor = (ms: Expression, width: number): Expression => infix('-', ms, modulo(ms, width));

/** Never negative, whatever the sign of `ms`. */
const modulo = (ms: Expression, width: number): Expression =>
  call('positiveModulo', ms, literal(width));
