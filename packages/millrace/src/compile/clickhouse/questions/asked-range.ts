import type { Condition, Every } from '../../../plan/plan.ts';
import type { EventsAsked } from '../../../plan/questions/events-asked.ts';
import { widthsMs } from '../../../plan/widths.ts';
import { bucketStart } from '../bucket.ts';
import { conditionExpression } from '../condition.ts';
import { eventsAlias } from '../field.ts';
import { localBucketStart } from '../local-bucket.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  lambda,
  literal,
  tuple,
} from '../nodes.ts';
import { print } from '../printer.ts';
import { epochMs, timeOf } from '../window-range.ts';

/** Epoch ms, `sinceMs <= time < untilMs`; null where it is open. */
export interface AskedRange {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export const timestamp = columnOf(eventsAlias, 'timestamp');

export const bucketOf = (every: Every, time: Expression, zone: string): Expression =>
  zone === 'UTC' ? bucketStart(every, time) : localBucketStart(every, time, zone);

export const inRange = (
  { sinceMs, untilMs }: AskedRange,
  time: Expression,
): readonly Expression[] => [
  ...(sinceMs === null || sinceMs < earliestMs
    ? []
    : [infix('>=', time, timeOf(epochMs(sinceMs)))]),
  ...(untilMs === null || untilMs > latestMs ? [] : [infix('<', time, timeOf(epochMs(untilMs)))]),
];

// No event is outside of these years, and the engine knows no other times.
const earliestMs = Date.UTC(1900, 0, 1);
const latestMs = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** Whether an event is of these types, and one for which the condition holds. */
export const isOneOf = (
  types: readonly string[],
  where: Condition | null,
): readonly Expression[] => [
  infix('IN', columnOf(eventsAlias, 'type'), tuple(...types.map(literal))),
  ...(where ? [conditionExpression(where)] : []),
];

/** The same as one expression, which may be true of all. */
export const fitsEvents = ({ from, where }: EventsAsked): Expression => {
  const conditions =
    from === null ? (where ? [conditionExpression(where)] : []) : isOneOf(from, where);
  return conditions.length === 0 ? literal(true) : infix('AND', ...conditions);
};

/** What a quantile of nothing is. */
export const numbersOrNull = (numbers: Expression): Expression =>
  call(
    'arrayMap',
    lambda(['q'], call('if', call('isNaN', column('q')), literal(null), column('q'))),
    numbers,
  );

export const allOf = (conditions: readonly Expression[]): Expression | null =>
  conditions.length === 0 ? null : infix('AND', ...conditions);

const numbersAlias = 'n';

/** Half of the width: no bucket is shorter, on the days when clocks are put forward. */
const stepMs = (every: Every): number => widthsMs[every] / 2;

/** The starts of the buckets that a question with `every`, since and until may have, in their order. */
export const bucketsSelect = (
  every: Every,
  { sinceMs, untilMs, zone }: { sinceMs: number; untilMs: number; zone: string },
): string => {
  const steps = Math.ceil((untilMs - sinceMs) / stepMs(every));
  const number = columnOf(numbersAlias, 'number');
  const at = call(
    'least',
    infix('+', epochMs(sinceMs), infix('*', number, epochMs(stepMs(every)))),
    epochMs(untilMs - 1),
  );
  return print({
    node: 'select',
    select: {
      columns: [{ expression: bucketOf(every, timeOf(at), zone), as: 'bucket' }],
      from: { database: 'system', table: 'numbers' },
      alias: numbersAlias,
      where: infix('<=', number, literal(steps)),
      groupBy: 'all',
      orderBy: [{ expression: column('bucket'), descending: false }],
    },
  });
};
