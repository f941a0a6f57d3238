import type { Plan, WindowPlan } from '../../plan/plan.ts';
import { type Cluster, printDefinitions } from './cluster.ts';
import { conditionExpression } from './condition.ts';
import { resultsAlias } from './field.ts';
import { compileMeasure, type DeltaColumn, deltasAlias, finishResult } from './measure.ts';
import {
  allOf,
  type CreateTable,
  call,
  columnOf,
  type Definition,
  infix,
  literal,
  type Select,
  type TableName,
} from './nodes.ts';
import { placedRecords } from './placed-records.ts';
import { dimensionType } from './rollup-table.ts';
import { epochMs, timeOf } from './window-range.ts';
import { timeType } from './window-table.ts';

/*
 * What Flink computed of windows is stored as it comes, with its place in its log,
 * before a view finishes it: as with the deltas of rollups.
 */

export const resultsTable = ({ table }: WindowPlan, database: string): TableName => ({
  database,
  table: `${table}__results`,
});

const resultsFill = ({ table }: WindowPlan, database: string): TableName => ({
  database,
  table: `${table}__results__fill`,
});

export const createResultsTable = (
  window: WindowPlan,
  plan: Plan,
  database: string,
): CreateTable => {
  const columns = [
    ...bounds.map((name) => ({ name, type: timeType })),
    ...window.by.map((dimension) => ({ name: dimension.name, type: dimensionType(dimension) })),
    ...ofMeasures(window).map(({ name, type }) => ({ name, type })),
  ];
  return placedRecords(resultsTable(window, database), columns, plan);
};

/**
 * The view that finishes each result, and drops those that the window's `having` leaves out.
 *
 * @param behindMs it drops those of windows that end up to this (epoch ms), too.
 */
export const createResultsFill = (
  window: WindowPlan,
  database: string,
  behindMs: number | null = null,
): Definition => {
  const finished: Select = {
    columns: [
      ...[...bounds, ...window.by.map(({ name }) => name)].map((name) => ({
        expression: columnOf(deltasAlias, name),
        as: name,
      })),
      ...window.measures.map((measure) => ({
        expression: finishResult(measure),
        as: measure.name,
      })),
    ],
    from: resultsTable(window, database),
    alias: deltasAlias,
    where: null,
    groupBy: null,
  };
  return {
    node: 'create materialized view',
    name: resultsFill(window, database),
    to: { database, table: window.table },
    select: {
      columns: [
        ...finished.columns.map(({ as }) => ({ expression: columnOf(resultsAlias, as), as })),
        { expression: call('now64', literal(3), literal('UTC')), as: 'emitted_at' },
      ],
      from: finished,
      alias: resultsAlias,
      where: allOf([
        ...(window.having ? [conditionExpression(window.having)] : []),
        ...(behindMs === null
          ? []
          : [infix('>', columnOf(resultsAlias, 'window_end'), timeOf(epochMs(behindMs)))]),
      ]),
      groupBy: null,
    },
  };
};

/** In this order: the view fills the window's own table. */
export const dropResults = (
  window: WindowPlan,
  { database, cluster }: { readonly database: string; readonly cluster?: Cluster },
): readonly string[] =>
  printDefinitions(
    [
      { node: 'drop', what: 'VIEW', name: resultsFill(window, database) },
      { node: 'drop', what: 'TABLE', name: resultsTable(window, database) },
    ],
    cluster,
  );

/** The columns that a record gives. */
export const resultsInsertColumns = (window: WindowPlan): readonly string[] => [
  ...bounds,
  ...window.by.map(({ name }) => name),
  ...ofMeasures(window).map(({ name }) => name),
];

const bounds = ['window_start', 'window_end'];

const ofMeasures = (window: WindowPlan): readonly DeltaColumn[] =>
  window.measures.flatMap((measure) => compileMeasure(measure).states).map(({ delta }) => delta);
