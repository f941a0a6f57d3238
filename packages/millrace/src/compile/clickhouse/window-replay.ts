import type { Plan, WindowPlan } from '../../plan/plan.ts';
import { createEventsTable, eventsTable } from './events-table.ts';
import { carried, carry, eventsAlias, resultsAlias } from './field.ts';
import {
  call,
  column,
  columnOf,
  type Definition,
  type Expression,
  infix,
  literal,
  type TableName,
  tuple,
} from './nodes.ts';
import { print } from './printer.ts';
import {
  epochMs,
  eventsOf,
  happenedMs,
  inWindows,
  timeOf,
  type WindowSource,
} from './window-range.ts';
import { createWindowTable, createWindowView } from './window-table.ts';

interface ReplayOptions {
  readonly database: string;
}

/** What is inserted here gets into the history of one version of a window, and nowhere else. */
export const windowReplaySource = ({ table }: WindowPlan, database: string): TableName => ({
  database,
  table: `${table}__replay`,
});

/** The events that the results of a version are computed from again; there while it is filled. */
export const windowHistory = ({ table }: WindowPlan, database: string): TableName => ({
  database,
  table: `${table}__history`,
});

/** Makes the table of a version, empty. Whatever a crash left of it goes first. */
export const createWindowVersion = (
  window: WindowPlan,
  plan: Plan,
  { database }: ReplayOptions,
): readonly string[] => [
  ...dropWindowVersion(window, { database }),
  print(createWindowTable(window, plan, database)),
];

/** Readers of the window's name see this version. */
export const showWindowVersion = (window: WindowPlan, { database }: ReplayOptions): string =>
  print(createWindowView(window, database));

/** Nothing may be inserted into it meanwhile. */
export const dropWindowVersion = (
  window: WindowPlan,
  { database }: ReplayOptions,
): readonly string[] => [
  ...dropWindowHistory(window, { database }),
  print({ node: 'drop', what: 'TABLE', name: { database, table: window.table } }),
];

/** Makes what its history is loaded through: of each event that counts in a window, the columns that readers see. */
export const createWindowHistory = (
  window: WindowPlan,
  plan: Plan,
  { database }: ReplayOptions,
): readonly string[] => {
  const source = windowReplaySource(window, database);
  const history = windowHistory(window, database);
  const events = createEventsTable(plan, database);
  const definitions: readonly Definition[] = [
    { ...events, name: history, indexes: [], ttl: null },
    { node: 'create null table', name: source, like: { database, table: eventsTable } },
    {
      node: 'create materialized view',
      name: fillOf(source),
      to: history,
      select: {
        columns: events.columns
          .filter(({ value }) => value === undefined)
          .map(({ name }) => ({ expression: columnOf(eventsAlias, name), as: name })),
        from: source,
        alias: eventsAlias,
        where: infix('AND', ofTypes(window), ...inWindows(window)),
        groupBy: null,
      },
    },
  ];
  return definitions.map(print);
};

/** Nothing may be inserted into the source meanwhile. */
export const dropWindowHistory = (
  window: WindowPlan,
  { database }: ReplayOptions,
): readonly string[] => {
  const source = windowReplaySource(window, database);
  const drops: readonly (readonly ['VIEW' | 'TABLE', TableName])[] = [
    ['VIEW', fillOf(source)],
    ['TABLE', source],
    ['TABLE', windowHistory(window, database)],
  ];
  return drops.map(([what, name]) => print({ node: 'drop', what, name }));
};

const fillOf = ({ database, table }: TableName): TableName => ({
  database,
  table: `${table}_fill`,
});

const ofTypes = ({ from }: WindowPlan): Expression =>
  infix('IN', columnOf(eventsAlias, 'type'), tuple(...from.map(literal)));

/** Events that happened at `fromMs` or later, and before `toMs` (epoch ms). */
interface HappenedIn {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One row: how many events of the window there are, and when the first happened (epoch ms). */
export const windowEvents = (
  window: WindowPlan,
  { fromMs, toMs }: HappenedIn,
  source: WindowSource,
): string =>
  print({
    node: 'select',
    select: {
      columns: [
        { expression: call('count'), as: 'events' },
        { expression: call('min', happenedMs), as: 'first_ms' },
      ],
      from: source.table,
      alias: eventsAlias,
      where: eventsOf(window, fromMs, toMs, source),
      groupBy: null,
    },
  });

/** How many happened in each `widthMs` (where it begins, epoch ms), in order; none where there were none. */
export const windowEventsBy = (
  window: WindowPlan,
  { fromMs, toMs, widthMs }: HappenedIn & { readonly widthMs: number },
  source: WindowSource,
): string =>
  print({
    node: 'select',
    select: {
      columns: [
        {
          expression: infix('-', happenedMs, call('positiveModulo', happenedMs, epochMs(widthMs))),
          as: 'begins_ms',
        },
        { expression: call('count'), as: 'events' },
      ],
      from: source.table,
      alias: eventsAlias,
      where: eventsOf(window, fromMs, toMs, source),
      groupBy: 'all',
      orderBy: [{ expression: column('begins_ms'), descending: false }],
    },
  });

/** A row if a version has results of windows that began before a time (epoch ms). */
export const resultsFromBefore = (
  { table }: WindowPlan,
  beforeMs: number,
  { database }: ReplayOptions,
): string =>
  print({
    node: 'select',
    select: {
      columns: [carry('window_start')],
      from: { database, table },
      alias: resultsAlias,
      where: infix('<', carried('window_start'), timeOf(epochMs(beforeMs))),
      groupBy: null,
      limit: { rows: 1, offset: 0 },
    },
  });
