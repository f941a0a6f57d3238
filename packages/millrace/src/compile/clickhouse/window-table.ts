import type { Condition, Plan, WindowPlan } from '../../plan/plan.ts';
import { conditionExpression } from './condition.ts';
import { eventsTable } from './events-table.ts';
import { carried, carry, resultsAlias } from './field.ts';
import { fixedWindowStates } from './fixed-windows.ts';
import { compileMeasure, finishStates } from './measure.ts';
import {
  allOf,
  type CreateTable,
  call,
  column,
  columnOf,
  type Definition,
  infix,
  type Select,
} from './nodes.ts';
import { print } from './printer.ts';
import { dimensionType } from './rollup-table.ts';
import { sessionStates } from './session-windows.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';
import { epochMs, inTime, timeOf, type WindowRange, type WindowSource } from './window-range.ts';

const statesAlias = 's';
/** Of a window's bounds. */
export const timeType = { name: 'DateTime64', parameters: [3, 'UTC'] } as const;

/** The results, as they were written, each once. */
export const createWindowTable = (
  window: WindowPlan,
  plan: Plan,
  database: string,
): CreateTable => ({
  node: 'create table',
  name: { database, table: window.table },
  columns: [
    { name: 'window_start', type: timeType },
    { name: 'window_end', type: timeType },
    ...window.by.map((dimension) => ({ name: dimension.name, type: dimensionType(dimension) })),
    ...window.measures.map((measure) => ({
      name: measure.name,
      type: compileMeasure(measure).type,
    })),
    { name: 'emitted_at', type: timeType },
  ],
  indexes: [],
  engine: 'MergeTree',
  partitionBy: call('toYYYYMM', column('window_end')),
  orderBy: [column('window_end'), ...window.by.map(({ name }) => column(name))],
  ttl: ttl('window_end', window.keepMs),
  settings: { allow_nullable_key: 1, ...durableSettings(plan.partitioning) },
});

/** What readers see, whatever the version behind it. */
export const createWindowView = (window: WindowPlan, database: string): Definition => ({
  node: 'create view',
  name: { database, table: window.name },
  select: {
    columns: columnNames(window).map(carry),
    from: { database, table: window.table },
    alias: resultsAlias,
    where: null,
    groupBy: null,
  },
});

const columnNames = ({ by, measures }: WindowPlan): readonly string[] => [
  'window_start',
  'window_end',
  ...by.map(({ name }) => name),
  ...measures.map(({ name }) => name),
  'emitted_at',
];

/**
 * Writes the results of the windows that end in a range, from the events that
 * are not late. Complete once every such event with a timestamp before `toMs` is
 * stored. Both ends of the range are multiples of the window's `windowStepMs`.
 *
 * @param source all events, unless said otherwise.
 */
export const insertWindowResults = (
  window: WindowPlan,
  range: WindowRange,
  { database }: { readonly database: string },
  source: WindowSource = { table: { database, table: eventsTable } },
): string =>
  print({
    node: 'insert',
    into: { database, table: window.table },
    select: {
      columns: columnNames(window).map((name) => ({
        expression: name === 'emitted_at' ? timeOf(epochMs(range.emittedAtMs)) : carried(name),
        as: name,
      })),
      from: finished(window, range, source),
      alias: resultsAlias,
      where: allOf([
        ...(window.having ? [conditionExpression(window.having)] : []),
        ...inTime(range.deadline),
      ]),
      groupBy: null,
    },
  });

const finished = (window: WindowPlan, range: WindowRange, source: WindowSource): Select => {
  const endMs = columnOf(statesAlias, 'window_end');
  return {
    columns: [
      { expression: timeOf(columnOf(statesAlias, 'window_start')), as: 'window_start' },
      { expression: timeOf(endMs), as: 'window_end' },
      ...window.by.map(({ name }) => ({ expression: columnOf(statesAlias, name), as: name })),
      ...window.measures.map((measure) => ({
        expression: finishStates(measure, statesAlias),
        as: measure.name,
      })),
    ],
    from: states(window, range, source),
    alias: statesAlias,
    where: infix(
      'AND',
      infix('>', endMs, epochMs(range.fromMs)),
      infix('<=', endMs, epochMs(range.toMs)),
    ),
    groupBy: 'all',
  };
};

/** One row for each window and its dimensions; `window_start` and `window_end` in epoch ms. */
const states = (window: WindowPlan, range: WindowRange, source: WindowSource): Select =>
  window.span.kind === 'fixed'
    ? fixedWindowStates(window, window.span, range, source)
    : sessionStates(window, window.span, range, source);

export interface ResultsPage {
  /** Results of windows that end at `endMs` or later, without the first so many. */
  readonly from: { readonly endMs: number; readonly taken: number };
  /** The newest end of a window. */
  readonly toMs: number;
  readonly rowsMax: number;
  /** Which of them. */
  readonly when?: Condition | null;
}

/** Results in the order of their windows' ends, then of their dimensions. */
export const selectWindowResults = (
  window: WindowPlan,
  page: ResultsPage,
  { database }: { readonly database: string },
): string => {
  const end = columnOf(resultsAlias, 'window_end');
  return print({
    node: 'select',
    select: {
      columns: columnNames(window).map(carry),
      from: { database, table: window.table },
      alias: resultsAlias,
      where: infix(
        'AND',
        infix('>=', end, timeOf(epochMs(page.from.endMs))),
        infix('<=', end, timeOf(epochMs(page.toMs))),
        ...(page.when ? [conditionExpression(page.when)] : []),
      ),
      groupBy: null,
      orderBy: [end, ...window.by.map(({ name }) => carried(name))].map((expression) => ({
        expression,
        descending: false,
      })),
      limit: { rows: page.rowsMax, offset: page.from.taken },
    },
  });
};
