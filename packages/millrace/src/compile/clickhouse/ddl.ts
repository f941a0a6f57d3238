import { defaults } from '../../plan/defaults.ts';
import { filledByDeltas } from '../../plan/deltas.ts';
import type { Plan, RollupPlan, WindowPlan } from '../../plan/plan.ts';
import { type Cluster, printDefinitions, shardTable } from './cluster.ts';
import {
  createDeadLettersTable,
  createRetriedLettersTable,
  deadLettersInsertColumns,
  deadLettersTable,
} from './dead-letters-table.ts';
import {
  createDeltasFill,
  createDeltasTable,
  deltasInsertColumns,
  deltasTable,
} from './deltas-table.ts';
import { createEventsTable, eventsInsertColumns, eventsTable } from './events-table.ts';
import type { Definition, TableName } from './nodes.ts';
import {
  createResultsFill,
  createResultsTable,
  resultsInsertColumns,
  resultsTable,
} from './results-table.ts';
import { createRollupFill, createRollupTable, createRollupView } from './rollup-table.ts';
import { createWindowTable, createWindowView } from './window-table.ts';

export interface LoadedTable {
  /** With its database: `millrace.events`. On a cluster the table of one shard: `millrace.events__local`. */
  readonly name: string;
  /** The columns that a line of its log gives. */
  readonly insertColumns: readonly string[];
}

export interface LoadedRollup {
  readonly rollup: RollupPlan;
  readonly table: LoadedTable;
}

export interface LoadedWindow {
  readonly window: WindowPlan;
  readonly table: LoadedTable;
}

export interface ClickHouseDdl {
  /** In order; each may be run again without harm. */
  readonly statements: readonly string[];
  /** Those of them that make no rollup. */
  readonly withoutRollups: readonly string[];
  readonly events: LoadedTable;
  readonly deadLetters: LoadedTable;
  /** The rollups that deltas fill. */
  readonly deltas: readonly LoadedRollup[];
  /** The windows that are computed elsewhere. */
  readonly results: readonly LoadedWindow[];
  /** The tables and views that readers may name, without the database. */
  readonly readable: readonly string[];
}

export interface DdlOptions {
  readonly database: string;
  readonly deadLettersKeepMs?: number;
  /** Replicated, sharded tables; without it those of one server. */
  readonly cluster?: Cluster;
  /** Who computes rollups and windows: the store, of its own events, or, where it can, Flink. */
  readonly computedBy?: 'store' | 'flink';
}

/** Everything a plan needs in an empty ClickHouse database. */
export const clickhouseDdl = (
  plan: Plan,
  {
    database,
    deadLettersKeepMs = defaults.deadLettersKeepMs,
    cluster,
    computedBy = 'store',
  }: DdlOptions,
): ClickHouseDdl => {
  const isByDeltas = (rollup: RollupPlan): boolean =>
    computedBy === 'flink' && filledByDeltas(rollup);
  const letters = { database, keepMs: deadLettersKeepMs };
  const base: readonly Definition[] = [
    { node: 'create database', name: database },
    createEventsTable(plan, database),
    createDeadLettersTable(plan, letters),
    createRetriedLettersTable(plan, letters),
  ];
  const rollups = plan.rollups.flatMap((rollup): readonly Definition[] => [
    createRollupTable(rollup, plan, database),
    ...(isByDeltas(rollup)
      ? [createDeltasTable(rollup, plan, database), createDeltasFill(rollup, database)]
      : [createRollupFill(rollup, database)]),
    createRollupView(rollup, database),
  ]);
  const windows = plan.windows.flatMap((window): readonly Definition[] => [
    createWindowTable(window, plan, database),
    ...(computedBy === 'flink'
      ? [createResultsTable(window, plan, database), createResultsFill(window, database)]
      : []),
    createWindowView(window, database),
  ]);
  const loaded = (table: string): string => {
    const name: TableName = { database, table };
    const { database: of, table: one } = cluster ? shardTable(name) : name;
    return `${of}.${one}`;
  };
  return {
    statements: printDefinitions([...base, ...rollups, ...windows], cluster),
    withoutRollups: printDefinitions([...base, ...windows], cluster),
    events: { name: loaded(eventsTable), insertColumns: eventsInsertColumns },
    deadLetters: {
      name: loaded(deadLettersTable),
      insertColumns: deadLettersInsertColumns,
    },
    deltas: plan.rollups.filter(isByDeltas).map((rollup) => ({
      rollup,
      table: {
        name: loaded(deltasTable(rollup, database).table),
        insertColumns: deltasInsertColumns(rollup),
      },
    })),
    results: (computedBy === 'flink' ? plan.windows : []).map((window) => ({
      window,
      table: {
        name: loaded(resultsTable(window, database).table),
        insertColumns: resultsInsertColumns(window),
      },
    })),
    readable: [
      eventsTable,
      deadLettersTable,
      ...plan.rollups.map(({ name }) => name),
      ...plan.windows.map(({ name }) => name),
    ],
  };
};
