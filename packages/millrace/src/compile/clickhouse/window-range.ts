import type { LogCut } from '../../plan/log-cut.ts';
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
  readonly deadline?: InsertDeadline;
}

/** The store itself refuses an insert later than this. */
export interface InsertDeadline {
  /** In the store's time (epoch ms). */
  readonly atMs: number;
  /** What it then says. */
  readonly late: string;
}

export const epochMs = (ms: number): Expression => call('toInt64', literal(ms));
export const timeOf = (ms: Expression): Expression =>
  call('fromUnixTimestamp64Milli', ms, literal('UTC'));

/** When an event happened, in epoch ms. */
export const happenedMs = call('toUnixTimestamp64Milli', columnOf(eventsAlias, 'timestamp'));

/** Where the events of a window are read. */
export interface WindowSource {
  readonly table: TableName;
  /** Those below it; all if left out. */
  readonly cut?: LogCut;
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
    ...(cut === undefined ? [] : [isBelow(cut)]),
    ...inWindows(window),
  );
};

/** Those of an event's type that count in windows. */
export const inWindows = ({ where }: WindowPlan): readonly Expression[] => [
  call('not', columnOf(eventsAlias, 'late')),
  ...(where ? [conditionExpression(where)] : []),
];

/** Events that lie below a cut. */
export const isBelow = (cut: LogCut): Expression => {
  const offset = columnOf(eventsAlias, '_offset');
  if (typeof cut === 'number') return infix('<', offset, literal(cut));
  const partition = columnOf(eventsAlias, '_partition');
  return infix(
    'OR',
    literal(false),
    ...cut.map((below, of) =>
      infix('AND', infix('=', partition, literal(of)), infix('<', offset, literal(below))),
    ),
  );
};

/** Not `now64`, which is the time when the statement came. */
export const inTime = (deadline: InsertDeadline | undefined): readonly Expression[] => {
  if (deadline === undefined) return [];
  const isLate = infix('>', call('nowInBlock64', literal(3)), timeOf(epochMs(deadline.atMs)));
  return [infix('=', call('throwIf', isLate, literal(deadline.late)), literal(0))];
};
