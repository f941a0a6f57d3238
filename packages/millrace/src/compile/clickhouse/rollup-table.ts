import { clickhouseNullable, mappingOf, type SqlType } from '../../define/property-types.ts';
import type { DimensionPlan, Plan, RollupPlan } from '../../plan/plan.ts';
import { bucketStart } from './bucket.ts';
import { conditionExpression } from './condition.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias, fieldExpression, mayBeAbsent } from './field.ts';
import { compileMeasure, finishStates } from './measure.ts';
import {
  type ColumnDefinition,
  type CreateTable,
  call,
  column,
  columnOf,
  type Definition,
  type Expression,
  infix,
  literal,
  type Select,
  type TableName,
  tuple,
} from './nodes.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';

const tableAlias = 'r';

export const rollupColumns = (rollup: RollupPlan): readonly ColumnDefinition[] => [
  { name: 'bucket', type: { name: 'DateTime64', parameters: [0, 'UTC'] } },
  ...rollup.by.map((dimension) => ({ name: dimension.name, type: dimensionType(dimension) })),
  ...rollup.measures.flatMap((measure) =>
    compileMeasure(measure).states.map(({ name, type }) => ({ name, type })),
  ),
];

/** The table of mergeable states. */
export const createRollupTable = (
  rollup: RollupPlan,
  plan: Plan,
  database: string,
): CreateTable => ({
  node: 'create table',
  name: { database, table: rollup.table },
  columns: rollupColumns(rollup),
  indexes: [],
  engine: 'AggregatingMergeTree',
  partitionBy: call('toYYYYMM', column('bucket')),
  orderBy: [column('bucket'), ...rollup.by.map(({ name }) => column(name))],
  ttl: ttl('bucket', rollup.keepMs),
  settings: { allow_nullable_key: 1, ...durableSettings(plan.partitioning) },
});

/** The materialized view that brings each insert into `events` into the table. */
export const rollupFill = (rollup: RollupPlan, database: string): TableName => ({
  database,
  table: `${rollup.table}__fill`,
});

export const createRollupFill = (rollup: RollupPlan, database: string): Definition => ({
  node: 'create materialized view',
  name: rollupFill(rollup, database),
  to: { database, table: rollup.table },
  select: statesOfEvents(rollup, database),
});

/**
 * What readers see: one row for a bucket and its dimensions, the measures
 * finished. Over the events themselves it is slower, but has all there is before
 * the table does.
 */
export const createRollupView = (
  rollup: RollupPlan,
  database: string,
  over: 'table' | 'events' = 'table',
): Definition => ({
  node: 'create view',
  name: { database, table: rollup.name },
  select: {
    columns: [
      ...['bucket', ...rollup.by.map(({ name }) => name)].map((name) => ({
        expression: columnOf(tableAlias, name),
        as: name,
      })),
      ...rollup.measures.map((measure) => ({
        expression: finishStates(measure, tableAlias),
        as: measure.name,
      })),
    ],
    from: over === 'table' ? { database, table: rollup.table } : statesOfEvents(rollup, database),
    alias: tableAlias,
    where: null,
    groupBy: 'all',
  },
});

/** Which events it is about, before its condition. */
export const isOfRollup = ({ from }: RollupPlan): Expression =>
  infix('IN', columnOf(eventsAlias, 'type'), tuple(...from.map(literal)));

/** The events that a rollup counts, of those that meet the conditions. */
export const countedEvents = (
  rollup: RollupPlan,
  database: string,
  ...conditions: readonly Expression[]
): Pick<Select, 'from' | 'alias' | 'where'> => {
  const all = [
    isOfRollup(rollup),
    ...(rollup.where ? [conditionExpression(rollup.where)] : []),
    ...conditions,
  ];
  const [only] = all;
  return {
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: only && all.length === 1 ? only : infix('AND', ...all),
  };
};

/** The states that events become, one row for each bucket and its dimensions. */
export const statesOfEvents = (
  rollup: RollupPlan,
  database: string,
  ...conditions: readonly Expression[]
): Select => ({
  ...countedEvents(rollup, database, ...conditions),
  columns: [
    { expression: bucketStart(rollup.every, columnOf(eventsAlias, 'timestamp')), as: 'bucket' },
    ...rollup.by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
    ...rollup.measures.flatMap((measure) =>
      compileMeasure(measure).states.map(({ name, from }) => ({ expression: from, as: name })),
    ),
  ],
  groupBy: 'all',
});

export const dimensionType = ({ field }: DimensionPlan): SqlType =>
  mayBeAbsent(field) ? clickhouseNullable(field.type) : mappingOf(field.type).clickhouse;
