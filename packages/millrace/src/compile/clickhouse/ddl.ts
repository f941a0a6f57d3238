import { defaults } from '../../plan/defaults.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  createDeadLettersTable,
  createRetriedLettersTable,
  deadLettersInsertColumns,
  deadLettersTable,
} from './dead-letters-table.ts';
import { createEventsTable, eventsInsertColumns, eventsTable } from './events-table.ts';
import { print } from './printer.ts';
import { createRollupFill, createRollupTable, createRollupView } from './rollup-table.ts';
import { createWindowTable, createWindowView } from './window-table.ts';

export interface LoadedTable {
  /** With its database: `millrace.events`. */
  readonly name: string;
  /** The columns that a line of its log gives. */
  readonly insertColumns: readonly string[];
}

export interface ClickHouseDdl {
  /** In order; each may be run again without harm. */
  readonly statements: readonly string[];
  readonly events: LoadedTable;
  readonly deadLetters: LoadedTable;
  /** The tables and views that readers may name, without the database. */
  readonly readable: readonly string[];
}

/** Everything a plan needs in an empty ClickHouse database. */
export const clickhouseDdl = (
  plan: Plan,
  options: { readonly database: string; readonly deadLettersKeepMs?: number },
): ClickHouseDdl => {
  const { database, deadLettersKeepMs = defaults.deadLettersKeepMs } = options;
  const letters = { database, keepMs: deadLettersKeepMs };
  return {
    statements: [
      { node: 'create database' as const, name: database },
      createEventsTable(plan, database),
      createDeadLettersTable(plan, letters),
      createRetriedLettersTable(plan, letters),
      ...plan.rollups.flatMap((rollup) => [
        createRollupTable(rollup, plan, database),
        createRollupFill(rollup, database),
        createRollupView(rollup, database),
      ]),
      ...plan.windows.flatMap((window) => [
        createWindowTable(window, plan, database),
        createWindowView(window, database),
      ]),
    ].map(print),
    events: { name: `${database}.${eventsTable}`, insertColumns: eventsInsertColumns },
    deadLetters: {
      name: `${database}.${deadLettersTable}`,
      insertColumns: deadLettersInsertColumns,
    },
    readable: [
      eventsTable,
      deadLettersTable,
      ...plan.rollups.map(({ name }) => name),
      ...plan.windows.map(({ name }) => name),
    ],
  };
};
