import type { LogCut } from '../../plan/log-cut.ts';
import type { RollupPlan } from '../../plan/plan.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias } from './field.ts';
import { call, column, columnOf, type Expression, infix, type Select } from './nodes.ts';
import { print } from './printer.ts';
import { isOfRollup, statesOfEvents } from './rollup-table.ts';
import {
  epochMs,
  happenedMs,
  type InsertDeadline,
  inTime,
  isBelow,
  timeOf,
} from './window-range.ts';

export interface FillRange {
  /** Epoch ms; events that happened at it or later, … */
  readonly fromMs: number;
  /** … and before it; null: up to the last. */
  readonly toMs: number | null;
  readonly cut: LogCut;
  readonly deadline?: InsertDeadline;
}

/** Brings the events of a range into the rollup's table. */
export const fillFromEvents = (
  rollup: RollupPlan,
  range: FillRange,
  { database }: { readonly database: string },
): string =>
  print({
    node: 'insert',
    into: { database, table: rollup.table },
    select: statesOfEvents(rollup, database, ...within(range), ...inTime(range.deadline)),
  });

/** One row: how many events of the rollup are in the range, and when the first happened (epoch ms). */
export const eventsToFill = (
  rollup: RollupPlan,
  range: FillRange,
  { database }: { readonly database: string },
): string =>
  print({
    node: 'select',
    select: {
      ...eventsOfRollup(rollup, range, database),
      columns: [
        { expression: call('count'), as: 'events' },
        { expression: call('min', happenedMs), as: 'first_ms' },
      ],
      groupBy: null,
    },
  });

/** How many events happened in each minute (epoch ms) of the range, in order; none where there were none. */
export const eventsByMinute = (
  rollup: RollupPlan,
  range: FillRange,
  { database }: { readonly database: string },
): string =>
  print({
    node: 'select',
    select: {
      ...eventsOfRollup(rollup, range, database),
      columns: [
        {
          expression: infix('-', happenedMs, call('positiveModulo', happenedMs, epochMs(60_000))),
          as: 'minute_ms',
        },
        { expression: call('count'), as: 'events' },
      ],
      groupBy: 'all',
      orderBy: [{ expression: column('minute_ms'), descending: false }],
    },
  });

const eventsOfRollup = (
  rollup: RollupPlan,
  range: FillRange,
  database: string,
): Pick<Select, 'from' | 'alias' | 'where'> => ({
  from: { database, table: eventsTable },
  alias: eventsAlias,
  where: infix('AND', isOfRollup(rollup), ...within(range)),
});

const within = ({ fromMs, toMs, cut }: FillRange): readonly Expression[] => {
  const timestamp = columnOf(eventsAlias, 'timestamp');
  return [
    infix('>=', timestamp, timeOf(epochMs(fromMs))),
    ...(toMs === null ? [] : [infix('<', timestamp, timeOf(epochMs(toMs)))]),
    isBelow(cut),
  ];
};
