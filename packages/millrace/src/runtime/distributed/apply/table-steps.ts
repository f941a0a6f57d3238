import { clickhouseMigration } from '../../../compile/clickhouse/migration.ts';
import { difference } from '../../../plan/difference.ts';
import type { Plan } from '../../../plan/plan.ts';
import { database } from '../../database.ts';
import { distributedTables } from '../distributed-tables.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import { loadersRunning } from './loaders-running.ts';
import { standingRollups } from './rollup-version.ts';
import type { Refusal, Step } from './step.ts';
import { standingWindows } from './window-version.ts';

/** What makes the store's tables into what the plan needs, but for those of rollups and windows. */
export const tableSteps = (
  { plan }: Desired,
  actual: Actual,
  { plan: before, begun, ...applied }: Applied,
): readonly Step[] => {
  const standing = {
    rollups: standingRollups(applied.rollups),
    windows: standingWindows(applied.windows),
  };
  return [
    // What an apply left half done is ended first: only then is it known what the tables are.
    ...(begun === null ? [] : change(before, begun, standing, actual, `end what an apply began`)),
    ...(begun !== null && same(begun, plan) ? [] : next(begun ?? before, plan, standing, actual)),
  ];
};

/** The rollups and windows whose tables are there. */
type Standing = Pick<Plan, 'rollups' | 'windows'>;

const next = (
  before: Plan | null,
  after: Plan,
  standing: Standing,
  actual: Actual,
): readonly Step[] => {
  const missing = tablesOf(after).filter((name) => !actual.tables.has(name));
  if (before === null) {
    const versions = [...after.rollups, ...after.windows].map(({ table }) => table);
    const there = [...tablesOf(after), ...versions].filter((name) => actual.tables.has(name));
    if (there.length > 0) return [unknownTables(there)];
    return change(null, after, standing, actual, `create ${missing.join(', ')}`);
  }
  if (!same(before, after)) return change(before, after, standing, actual, 'change');
  if (missing.length === 0) return [];
  return change(before, after, standing, actual, `create ${missing.join(', ')}, which are missing`);
};

const change = (
  before: Plan | null,
  after: Plan,
  standing: Standing,
  actual: Actual,
  what: string,
): readonly Step[] => {
  const changes = before === null ? [] : difference(before, after, 'what the clean log still has');
  const conflicts = changes.filter(({ compatible }) => !compatible);
  const refusals: readonly Refusal[] = [
    ...conflicts.map(({ place, message, mend = '' }) => conflict(`${place}: ${message}`, mend)),
    ...(before !== null && touchesTables(before, after, standing) ? loadersRunning(actual) : []),
  ];
  if (refusals.length > 0) return refusals;
  const details = changes.map(({ place, message }) => `${place}: ${message}`);
  return [{ kind: 'change tables', before, after, what: `tables: ${what}`, details }];
};

const conflict = (what: string, mend: string): Refusal => ({
  kind: 'refuse',
  code: 'plan_conflict',
  what,
  mend,
});

const unknownTables = (names: readonly string[]): Refusal =>
  conflict(
    `The store has ${names.join(', ')}, of which no apply knows`,
    `Use a store without the database ${database}, or drop it if nothing in it is needed.`,
  );

const touchesTables = (before: Plan, after: Plan, standing: Standing): boolean => {
  const statements = (from: Plan): unknown => {
    const migration = clickhouseMigration(from, after, { database, ...standing });
    return [migration.statements, migration.cleanup, tablesOf(from).toSorted()];
  };
  // Some are run again whenever plans differ, and change nothing.
  return !same(statements(before), statements(after));
};

/** Tables that loaders fill and readers name, but for rollups and windows. */
export const tablesOf = (plan: Plan): readonly string[] =>
  distributedTables({ ...plan, rollups: [], windows: [] }).readable;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
