import type { WindowPlan } from '../../plan/plan.ts';
import { conditionExpression } from './condition.ts';
import { eventsAlias } from './field.ts';
import { call, columnOf, type Expression, infix, literal, type TableName, tuple } from './nodes.ts';

/** Windows that end later than `fromMs` and not later than `toMs` (epoch ms). */
export interface WindowRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** What the results say of when they were written. */
  readonly emittedAtMs: number;
}

export const epochMs = (ms: number): Expression => call('toInt64', literal(ms));
export const timeOf = (ms: Expression): Expression =>
  call('fromUnixTimestamp64Milli', ms, literal('UTC'));

/** When an event happened, in epoch ms. */
export const happenedMs = call('toUnixTimestamp64Milli', columnOf(eventsAlias, 'timestamp'));

/** Where the events of a window are read. */
export interface WindowSource {
  readonly table: TableName;
  /** Those at lower offsets of the log; all if left out. */
  readonly cut?: number;
}

/** Which events a window is about, of those that happened from `fromMs` on and before `toMs`. */
export const eventsOf = (
  window: WindowPlan,
  fromMs: number,
  toMs: number,
  { cut }: Pick<WindowSource, 'cut'> = {},
): Expression => {
  const timestamp = columnOf(eventsAlias, 'timestamp');
  return infix(
    'AND',
    infix('IN', columnOf(eventsAlias, 'type'), tuple(...window.from.map(literal))),
    infix('>=', timestamp, timeOf(epochMs(fromMs))),
    infix('<', timestamp, timeOf(epochMs(toMs))),
    ...(cut === undefined ? [] : [infix('<', columnOf(eventsAlias, '_offset'), literal(cut))]),
    ...inWindows(window),
  );
};

/** Those of an event's type that count in windows. */
export const inWindows = ({ where }: WindowPlan): readonly Expression[] => [
  call('not', columnOf(eventsAlias, 'late')),
  ...(where ? [conditionExpression(where)] : []),
];
