import type { LogCut } from '../../plan/log-cut.ts';
import type { RollupPlan } from '../../plan/plan.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias } from './field.ts';
import { call, column, columnOf, type Expression, infix, literal, type Select } from './nodes.ts';
import { print } from './printer.ts';
import { isOfRollup, statesOfEvents } from './rollup-table.ts';
import { epochMs, happenedMs, timeOf } from './window-range.ts';

export interface FillRange {
  /** Epoch ms; events that happened at it or later, … */
  readonly fromMs: number;
  /** … and before it; null: up to the last. */
  readonly toMs: number | null;
  readonly cut: LogCut;
  /** The store itself refuses it later than this. */
  readonly deadline?: {
    /** In the store's time (epoch ms). */
    readonly atMs: number;
    /** What it then says. */
    readonly late: string;
  };
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
    select: statesOfEvents(rollup, database, ...within(range), ...inTime(range)),
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

const isBelow = (cut: LogCut): Expression => {
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
const inTime = ({ deadline }: FillRange): readonly Expression[] => {
  if (deadline === undefined) return [];
  const isLate = infix('>', call('nowInBlock64', literal(3)), timeOf(epochMs(deadline.atMs)));
  return [infix('=', call('throwIf', isLate, literal(deadline.late)), literal(0))];
};
