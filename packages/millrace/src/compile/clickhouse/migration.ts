import type { Plan, RollupPlan, WindowPlan } from '../../plan/plan.ts';
import { type Cluster, printDefinitions } from './cluster.ts';
import { deadLettersTable } from './dead-letters-table.ts';
import { eventsTable, propertiesColumn, propertiesType } from './events-table.ts';
import { eventsAlias } from './field.ts';
import { type AlterTable, call, columnOf, type Definition, type Statement } from './nodes.ts';
import { print } from './printer.ts';
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

export interface MigrationOptions {
  readonly database: string;
  /**
   * Those whose tables are there, as their tables are: more than `before` has where
   * one of two versions is being filled.
   */
  readonly rollups: readonly RollupPlan[];
  /** The same for windows, where others make and drop their tables; else those are made and dropped here. */
  readonly windows?: readonly WindowPlan[];
  readonly cluster?: Cluster;
}

/**
 * What makes the tables of one plan into those of the next, which must know it:
 * `planOf(pipeline, before)`. Only for changes that `difference` calls compatible.
 * New rollups, and those that are gone, are not among them: `rollup-versions.ts`.
 *
 * Nothing may be inserted meanwhile.
 */
export const clickhouseMigration = (
  before: Plan,
  after: Plan,
  { database, rollups, windows, cluster }: MigrationOptions,
): ClickHouseMigration => {
  const retyped = JSON.stringify(propertiesType(before)) !== JSON.stringify(propertiesType(after));
  const isGone = ({ table }: WindowPlan): boolean =>
    after.windows.every((window) => window.table !== table);
  const isTaken = ({ name }: WindowPlan): boolean =>
    [...after.rollups, ...after.windows].some((one) => one.name === name);
  const remaining = after.windows.filter(({ table }) =>
    before.windows.some((window) => window.table === table),
  );
  const statements: readonly Definition[] = [
    ...(retyped ? [retypeProperties(after, database)] : []),
    ...changeTtl(eventsTable, 'timestamp', before.keepMs, after.keepMs, database),
    ...changeDedupWindow(before, after, [...rollups, ...(windows ?? remaining)], database),
    ...after.rollups.flatMap((rollup) => {
      const old = rollups.find(({ table }) => table === rollup.table);
      return old ? changeTtl(rollup.table, 'bucket', old.keepMs, rollup.keepMs, database) : [];
    }),
    ...after.windows.flatMap((window) => {
      const old = (windows ?? before.windows).find(({ table }) => table === window.table);
      return [
        ...(old ? changeTtl(window.table, 'window_end', old.keepMs, window.keepMs, database) : []),
        ...(windows === undefined
          ? [createWindowTable(window, after, database), createWindowView(window, database)]
          : []),
      ];
    }),
  ];
  const cleanup = (windows === undefined ? before.windows : [])
    .filter(isGone)
    .flatMap((window): readonly Definition[] => [
      ...(isTaken(window) ? [] : [drop('VIEW', database, window.name)]),
      drop('TABLE', database, window.table),
    ]);
  return {
    checks: retyped ? [print(fitsProperties(after, database))] : [],
    statements: printDefinitions(statements, cluster),
    cleanup: printDefinitions(cleanup, cluster),
  };
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
const changeDedupWindow = (
  before: Plan,
  after: Plan,
  filled: readonly { readonly table: string }[],
  database: string,
): readonly AlterTable[] => {
  if (before.partitioning.partsPerInsertMax === after.partitioning.partsPerInsertMax) return [];
  const settings = durableSettings(after.partitioning);
  return [eventsTable, deadLettersTable, ...filled.map(({ table }) => table)].map((table) => ({
    node: 'alter table',
    name: { database, table },
    change: { kind: 'modify setting', settings },
  }));
};

const drop = (what: 'TABLE' | 'VIEW', database: string, table: string): Definition => ({
  node: 'drop',
  what,
  name: { database, table },
});
