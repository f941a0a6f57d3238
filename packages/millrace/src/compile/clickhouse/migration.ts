import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { deadLettersTable } from './dead-letters-table.ts';
import { eventsTable, propertiesColumn, propertiesType } from './events-table.ts';
import { eventsAlias } from './field.ts';
import { type AlterTable, call, columnOf, type Statement } from './nodes.ts';
import { print } from './printer.ts';
import {
  createRollupFill,
  createRollupTable,
  createRollupView,
  rollupFill,
  statesOfEvents,
} from './rollup-table.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';
import { createWindowTable, createWindowView } from './window-table.ts';

export interface ClickHouseMigration {
  /**
   * Questions that fail (code 117) where stored rows do not fit the new plan: a
   * property that was kept undeclared has values which its new type refuses.
   * Ask them all before the first statement: the engine would begin the change,
   * stop half way, and refuse to read the table.
   */
  readonly checks: readonly string[];
  /** In order. After a crash they may be run again from the first. */
  readonly statements: readonly string[];
  /** Drops what nothing reads any more, once the new plan is kept as the one in force. */
  readonly cleanup: readonly string[];
}

/**
 * What makes the tables of one plan into those of the next, which must know it:
 * `planOf(pipeline, before)`. Only for changes that `difference` calls compatible.
 *
 * Nothing may be inserted meanwhile, nor be half inserted: new rollups are
 * filled from the events that are stored, and a token that `events` knows would
 * be news to their tables.
 */
export const clickhouseMigration = (
  before: Plan,
  after: Plan,
  { database }: { readonly database: string },
): ClickHouseMigration => {
  const retyped = JSON.stringify(propertiesType(before)) !== JSON.stringify(propertiesType(after));
  const tables = (plan: Plan): readonly string[] =>
    [...plan.rollups, ...plan.windows].map(({ table }) => table);
  const added = after.rollups.filter(({ table }) => !tables(before).includes(table));
  const isGone = ({ table }: { readonly table: string }): boolean => !tables(after).includes(table);
  const isTaken = ({ name }: { readonly name: string }): boolean =>
    [...after.rollups, ...after.windows].some((one) => one.name === name);
  const statements: readonly Statement[] = [
    ...(retyped ? [retypeProperties(after, database)] : []),
    ...changeTtl(eventsTable, 'timestamp', before.keepMs, after.keepMs, database),
    ...changeDedupWindow(before, after, database),
    ...after.rollups.flatMap((rollup) => {
      const old = before.rollups.find(({ table }) => table === rollup.table);
      return old ? changeTtl(rollup.table, 'bucket', old.keepMs, rollup.keepMs, database) : [];
    }),
    ...added.flatMap((rollup) => build(rollup, after, database)),
    ...after.rollups.map((rollup) => createRollupView(rollup, database)),
    ...after.windows.flatMap((window) => {
      const old = before.windows.find(({ table }) => table === window.table);
      return [
        ...(old ? changeTtl(window.table, 'window_end', old.keepMs, window.keepMs, database) : []),
        createWindowTable(window, after, database),
        createWindowView(window, database),
      ];
    }),
  ];
  const dropReaders = (one: { readonly name: string }): readonly Statement[] =>
    isTaken(one) ? [] : [drop('VIEW', database, one.name)];
  const cleanup = [
    ...before.rollups
      .filter(isGone)
      .flatMap((rollup): readonly Statement[] => [
        ...dropReaders(rollup),
        { node: 'drop', what: 'VIEW', name: rollupFill(rollup, database) },
        drop('TABLE', database, rollup.table),
      ]),
    ...before.windows
      .filter(isGone)
      .flatMap((window) => [...dropReaders(window), drop('TABLE', database, window.table)]),
  ];
  return {
    checks: retyped ? [print(fitsProperties(after, database))] : [],
    statements: statements.map(print),
    cleanup: cleanup.map(print),
  };
};

/** Always from an empty table, so that a second run after a crash counts nothing twice. */
const build = (rollup: RollupPlan, plan: Plan, database: string): readonly Statement[] => {
  const into = { database, table: rollup.table };
  return [
    createRollupTable(rollup, plan, database),
    { node: 'drop', what: 'VIEW', name: rollupFill(rollup, database) },
    { node: 'truncate', name: into },
    {
      node: 'insert',
      into,
      select: { ...statesOfEvents(rollup, database), settings: fillSettings },
    },
    createRollupFill(rollup, database),
  ];
};

/** A fill may touch every month there is, and more groups than memory holds. */
const fillSettings = {
  max_partitions_per_insert_block: 0,
  max_bytes_before_external_group_by: 256 * 1024 * 1024,
  insert_deduplicate: 0,
};

const retypeProperties = (plan: Plan, database: string): AlterTable => ({
  node: 'alter table',
  name: { database, table: eventsTable },
  change: { kind: 'modify column', column: propertiesColumn(plan) },
});

/** Reads every row as the new type without keeping any. */
const fitsProperties = (plan: Plan, database: string): Statement => ({
  node: 'select',
  select: {
    columns: [
      {
        expression: call(
          'sum',
          call('ignore', {
            node: 'cast',
            expression: columnOf(eventsAlias, 'properties'),
            type: propertiesType(plan),
          }),
        ),
        as: 'misfits',
      },
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: null,
    groupBy: null,
  },
});

const changeTtl = (
  table: string,
  timeColumn: string,
  beforeMs: number | null,
  afterMs: number | null,
  database: string,
): readonly AlterTable[] => {
  const name = { database, table };
  const alter = (change: AlterTable['change']): AlterTable => ({
    node: 'alter table',
    name,
    change,
  });
  if (beforeMs === afterMs) return [];
  const next = ttl(timeColumn, afterMs);
  if (next) return [alter({ kind: 'modify ttl', ttl: next })];
  // Only a TTL that is there can be removed: set first, so that both can be run again.
  const last = ttl(timeColumn, beforeMs);
  return last ? [alter({ kind: 'modify ttl', ttl: last }), alter({ kind: 'remove ttl' })] : [];
};

/** Every table the loader fills must remember as many parts as an insert may make now. */
const changeDedupWindow = (before: Plan, after: Plan, database: string): readonly AlterTable[] => {
  if (before.partitioning.partsPerInsertMax === after.partitioning.partsPerInsertMax) return [];
  const settings = durableSettings(after.partitioning);
  const known = [...before.rollups, ...before.windows].map(({ table }) => table);
  const kept = [...after.rollups, ...after.windows].filter(({ table }) => known.includes(table));
  return [eventsTable, deadLettersTable, ...kept.map(({ table }) => table)].map((table) => ({
    node: 'alter table',
    name: { database, table },
    change: { kind: 'modify setting', settings },
  }));
};

const drop = (what: 'TABLE' | 'VIEW', database: string, table: string): Statement => ({
  node: 'drop',
  what,
  name: { database, table },
});
