import { clickhouseMigration } from '../../../compile/clickhouse/migration.ts';
import { resultsTable } from '../../../compile/clickhouse/results-table.ts';
import { difference } from '../../../plan/difference.ts';
import type { Plan } from '../../../plan/plan.ts';
import { database } from '../../database.ts';
import { distributedTables } from '../distributed-tables.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import type { Refusal, Step } from './step.ts';

/** What makes the store's tables into what the plan needs. */
export const tableSteps = (
  { plan }: Desired,
  actual: Actual,
  { plan: before, begun }: Applied,
): readonly Step[] => [
  // What an apply left half done is ended first: only then is it known what the tables are.
  ...(begun === null ? [] : change(before, begun, actual, `end what an apply began`)),
  ...(begun !== null && same(begun, plan) ? [] : next(begun ?? before, plan, actual)),
];

const next = (before: Plan | null, after: Plan, actual: Actual): readonly Step[] => {
  const missing = tablesOf(after).filter((name) => !actual.tables.has(name));
  if (before === null) {
    const there = tablesOf(after).filter((name) => actual.tables.has(name));
    if (there.length > 0) return [unknownTables(there)];
    return change(null, after, actual, `create ${missing.join(', ')}`);
  }
  if (!same(before, after)) return change(before, after, actual, 'change');
  if (missing.length === 0) return [];
  return change(before, after, actual, `create ${missing.join(', ')}, which are missing`);
};

const change = (
  before: Plan | null,
  after: Plan,
  actual: Actual,
  what: string,
): readonly Step[] => {
  const changes = before === null ? [] : difference(before, after);
  const conflicts = changes.filter(({ compatible }) => !compatible);
  const refusals: readonly Refusal[] = [
    ...conflicts.map(({ place, message, mend = '' }) => conflict(`${place}: ${message}`, mend)),
    ...newRollups(after, actual),
    ...(before !== null && touchesTables(before, after) ? whileLoading(actual) : []),
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

/** A table made while events come would begin in the middle of them. */
const newRollups = (after: Plan, actual: Actual): readonly Refusal[] => {
  if (actual.events === 0) return [];
  return after.rollups
    .filter(({ table }) => !actual.tables.has(table))
    .map(({ name }) =>
      conflict(
        `rollups.${name}: the store has events, of which a new or changed rollup would lack those that are stored`,
        'Define it before the first event, or use another pipeline name and send the events again.',
      ),
    );
};

const touchesTables = (before: Plan, after: Plan): boolean => {
  const statements = (from: Plan): unknown => {
    const { rollups } = from;
    const migration = clickhouseMigration(from, after, { database, rollups });
    return [migration.statements, migration.cleanup, tablesOf(from).toSorted()];
  };
  // Some are run again whenever plans differ, and change nothing.
  return !same(statements(before), statements(after));
};

const whileLoading = ({ loaders }: Actual): readonly Refusal[] => {
  const refusal = { kind: 'refuse', code: 'loaders_running' } as const;
  if (loaders.running > 0)
    return [
      {
        ...refusal,
        what: `${loaders.running} loader(s) run: tables cannot change under an insert`,
        mend: 'Stop the loaders, apply, and start them again. Events wait in Kafka meanwhile.',
      },
    ];
  return loaders.interrupted
    ? [
        {
          ...refusal,
          what: 'A loader died in the middle of an insert, which must be repeated into the tables as they are',
          mend: 'Start a loader, wait until it has caught up, stop it, and apply.',
        },
      ]
    : [];
};

/** Tables and views that loaders fill and readers name. */
export const tablesOf = (plan: Plan): readonly string[] => [
  ...distributedTables(plan).readable,
  ...[...plan.rollups, ...plan.windows].map(({ table }) => table),
  ...plan.windows.map((window) => resultsTable(window, database).table),
];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
