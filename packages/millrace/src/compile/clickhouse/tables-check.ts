import type { SqlType } from '../../define/property-types.ts';
import type { Plan } from '../../plan/plan.ts';
import { createDeadLettersTable, createRetriedLettersTable } from './dead-letters-table.ts';
import { createEventsTable } from './events-table.ts';
import {
  type CreateTable,
  call,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
  tuple,
} from './nodes.ts';
import { print, printType } from './printer.ts';
import { createRollupTable } from './rollup-table.ts';
import { createWindowTable } from './window-table.ts';

export interface TablesCheck {
  /** Everything that a plan's questions read. Of views only the names. */
  readonly needed: readonly {
    readonly table: string;
    readonly columns: readonly string[];
  }[];
  /** The names of those that are there, and of what fills them. */
  readonly there: string;
  /** `table` and `column` of each column that has the type it needs. */
  readonly fitting: string;
}

/** Asks a store whether its tables are those of a plan. */
export const tablesCheck = (
  plan: Plan,
  {
    database,
    deadLettersKeepMs,
  }: { readonly database: string; readonly deadLettersKeepMs: number },
): TablesCheck => {
  const letters = { database, keepMs: deadLettersKeepMs };
  const tables = [
    createEventsTable(plan, database),
    createDeadLettersTable(plan, letters),
    createRetriedLettersTable(plan, letters),
    ...plan.rollups.map((rollup) => createRollupTable(rollup, plan, database)),
    ...plan.windows.map((window) => createWindowTable(window, plan, database)),
  ];
  const views = [...plan.rollups, ...plan.windows].map(({ name }) => name);
  return {
    needed: [
      ...tables.map(({ name, columns }) => ({
        table: name.table,
        columns: storedColumns(columns).map((column) => column.name),
      })),
      ...views.map((table) => ({ table, columns: [] })),
    ],
    there: ofSystem('tables', { name: 'name' }, infix('=', about('database'), literal(database))),
    fitting: ofSystem(
      'columns',
      { table: 'table', column: 'name' },
      infix(
        'AND',
        infix('=', about('database'), literal(database)),
        infix(
          'IN',
          tuple(about('table'), about('name'), unbounded(about('type'))),
          tuple(...tables.flatMap(columnsOf)),
        ),
      ),
    ),
  };
};

/** The others are given with an insert, and not kept. */
const storedColumns = (columns: CreateTable['columns']) =>
  columns.filter(({ value }) => value?.kind !== 'EPHEMERAL');

const columnsOf = ({ name, columns }: CreateTable): readonly Expression[] =>
  storedColumns(columns).map((column) =>
    tuple(literal(name.table), literal(column.name), unbounded(asWritten(column.type))),
  );

/** As the engine itself writes the type, whose order and spaces are its own. */
const asWritten = (type: SqlType): Expression =>
  call('toTypeName', call('defaultValueOfTypeName', literal(printType(type))));

/** Without how many names and types of a JSON have files of their own: it reads the same whatever they are. */
const unbounded = (type: Expression): Expression =>
  call('replaceRegexpAll', type, literal('max_dynamic_(types|paths)=[0-9]+(, )?'), literal(''));

const alias = 's';
const about = (name: string): Expression => columnOf(alias, name);

const ofSystem = (
  table: 'tables' | 'columns',
  columns: { readonly [as: string]: string },
  where: Expression,
): string => {
  const select: Select = {
    columns: Object.entries(columns).map(([as, name]) => ({ expression: about(name), as })),
    from: { database: 'system', table },
    alias,
    where,
    groupBy: null,
  };
  return print({ node: 'select', select });
};
