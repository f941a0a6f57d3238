import type { Every } from '../../plan/plan.ts';
import { bucketStart } from './bucket.ts';
import { call, type Expression, infix, literal } from './nodes.ts';

/**
 * The start of the bucket that a time lies in by the calendar and the clock of a
 * zone, as DateTime64(0). A day begins at its first instant and may have 23 or
 * 25 hours; the hour that comes twice in autumn is two buckets.
 */
export const localBucketStart = (every: Every, time: Expression, zone: string): Expression => {
  const local = inZone(wholeSeconds(time), zone);
  switch (every) {
    case 'second':
    case 'minute':
    case 'hour': {
      const offsetMs = infix('*', call('timeZoneOffset', local), literal(1_000));
      const ms = call('toUnixTimestamp64Milli', time);
      const wall = call('fromUnixTimestamp64Milli', infix('+', ms, offsetMs), literal('UTC'));
      const seconds = call('toUnixTimestamp64Second', bucketStart(every, wall));
      return call(
        'fromUnixTimestamp64Second',
        infix('-', seconds, call('toInt64', call('timeZoneOffset', local))),
        literal(zone),
      );
    }
    case 'day':
      return firstInstant(call('toDate32', local), zone);
    case 'week': {
      const day = call('toDate32', local);
      return firstInstant(before(day, call('toDayOfWeek', day)), zone);
    }
    case 'month': {
      const day = call('toDate32', local);
      return firstInstant(before(day, call('toDayOfMonth', day)), zone);
    }
  }
};

/** The engine rounds fractions of a second before 1970 up. */
const wholeSeconds = (time: Expression): Expression => bucketStart('second', time);

const inZone = (time: Expression, zone: string): Expression =>
  call('toTimeZone', time, literal(zone));

const firstInstant = (day: Expression, zone: string): Expression =>
  call('toDateTime64', day, literal(0), literal(zone));

/** The day that is the first, where `day` is the `nth`. */
const before = (day: Expression, nth: Expression): Expression =>
  infix('-', day, infix('-', nth, literal(1)));
