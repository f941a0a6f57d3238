import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { printDefinitions } from './cluster.ts';
import { compileMeasure, type DeltaColumn, deltasAlias } from './measure.ts';
import {
  type ColumnDefinition,
  type CreateTable,
  columnOf,
  type Definition,
  type TableName,
} from './nodes.ts';
import { placedRecords } from './placed-records.ts';
import { dimensionType } from './rollup-table.ts';
import type { VersionOptions } from './rollup-versions.ts';

/* Deltas are stored, with their place in their log, before a view adds them to their rollup. */

export const deltasTable = ({ table }: RollupPlan, database: string): TableName => ({
  database,
  table: `${table}__deltas`,
});

export const deltasFill = ({ table }: RollupPlan, database: string): TableName => ({
  database,
  table: `${table}__deltas__fill`,
});

export const createDeltasTable = (
  rollup: RollupPlan,
  plan: Plan,
  database: string,
): CreateTable => {
  const columns: readonly ColumnDefinition[] = [
    { name: 'bucket', type: { name: 'DateTime64', parameters: [0, 'UTC'] } },
    ...rollup.by.map((dimension) => ({ name: dimension.name, type: dimensionType(dimension) })),
    ...ofMeasures(rollup).map(({ name, type }) => ({ name, type })),
  ];
  return placedRecords(deltasTable(rollup, database), columns, plan);
};

/** The view that adds each delta to its rollup. */
export const createDeltasFill = (rollup: RollupPlan, database: string): Definition => ({
  node: 'create materialized view',
  name: deltasFill(rollup, database),
  to: { database, table: rollup.table },
  select: {
    columns: [
      ...['bucket', ...rollup.by.map(({ name }) => name)].map((name) => ({
        expression: columnOf(deltasAlias, name),
        as: name,
      })),
      ...statesOf(rollup).map(({ name, delta }) => ({ expression: delta.made, as: name })),
    ],
    from: deltasTable(rollup, database),
    alias: deltasAlias,
    where: null,
    groupBy: null,
  },
});

/** Where the deltas of a version are stored, and what adds them to it. Its table is there. */
export const createDeltas = (
  rollup: RollupPlan,
  plan: Plan,
  { database, cluster }: VersionOptions,
): readonly string[] =>
  printDefinitions(
    [createDeltasTable(rollup, plan, database), createDeltasFill(rollup, database)],
    cluster,
  );

/** Nobody may be loading them. */
export const dropDeltas = (
  rollup: RollupPlan,
  { database, cluster }: VersionOptions,
): readonly string[] =>
  printDefinitions(
    [
      { node: 'drop', what: 'VIEW', name: deltasFill(rollup, database) },
      { node: 'drop', what: 'TABLE', name: deltasTable(rollup, database) },
    ],
    cluster,
  );

/** The columns that a record gives. */
export const deltasInsertColumns = (rollup: RollupPlan): readonly string[] => [
  'bucket',
  ...rollup.by.map(({ name }) => name),
  ...ofMeasures(rollup).map(({ name }) => name),
];

const ofMeasures = (rollup: RollupPlan): readonly DeltaColumn[] =>
  statesOf(rollup).map(({ delta }) => delta);

const statesOf = (rollup: RollupPlan) =>
  rollup.measures
    .flatMap((measure) => compileMeasure(measure).states)
    .map(({ name, delta }) => ({ name, delta }));
