import { defaults } from '../../plan/defaults.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  createDeadLettersTable,
  createRetriedLettersTable,
  deadLettersInsertColumns,
  deadLettersTable,
} from './dead-letters-table.ts';
import { createEventsTable, eventsInsertColumns, eventsTable } from './events-table.ts';
import type { Statement } from './nodes.ts';
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
  /** Those of them that make no rollup. */
  readonly withoutRollups: readonly string[];
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
  const base: readonly Statement[] = [
    { node: 'create database', name: database },
    createEventsTable(plan, database),
    createDeadLettersTable(plan, letters),
    createRetriedLettersTable(plan, letters),
  ];
  const rollups = plan.rollups.flatMap((rollup): readonly Statement[] => [
    createRollupTable(rollup, plan, database),
    createRollupFill(rollup, database),
    createRollupView(rollup, database),
  ]);
  const windows = plan.windows.flatMap((window): readonly Statement[] => [
    createWindowTable(window, plan, database),
    createWindowView(window, database),
  ]);
  return {
    statements: [...base, ...rollups, ...windows].map(print),
    withoutRollups: [...base, ...windows].map(print),
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
