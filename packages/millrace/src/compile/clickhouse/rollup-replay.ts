import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { eventsTable } from './events-table.ts';
import { eventsAlias } from './field.ts';
import {
  call,
  column,
  columnOf,
  type Definition,
  type Expression,
  infix,
  literal,
  type TableName,
} from './nodes.ts';
import { print } from './printer.ts';
import { createRollupTable, rollupColumns, statesOfEvents } from './rollup-table.ts';
import { epochMs, timeOf } from './window-range.ts';

/** Epoch ms, at bounds of buckets: those that begin at `sinceMs` or later, and before `untilMs`; null for no bound. */
export interface BucketRange {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

export const allBuckets: BucketRange = { sinceMs: null, untilMs: null };

interface ReplayOptions {
  readonly database: string;
}

/** What is inserted here goes through the same expressions as live events do, into one version of a rollup alone. */
export const replaySource = ({ table }: RollupPlan, database: string): TableName => ({
  database,
  table: `${table}__replay`,
});

/** Buckets of the version before it, as they were at the cut. */
const bucketsBefore = ({ table }: RollupPlan, database: string): TableName => ({
  database,
  table: `${table}__before`,
});

/** Makes what a version is replayed through. Whatever a crash left of it goes first. */
export const createReplay = (
  rollup: RollupPlan,
  range: BucketRange,
  plan: Plan,
  { database }: ReplayOptions,
): readonly string[] => [
  ...createReplaySource(rollup, range, { database }),
  print({
    ...createRollupTable({ ...rollup, keepMs: null }, plan, database),
    name: bucketsBefore(rollup, database),
    settings: { allow_nullable_key: 1 },
  }),
];

/** The same where all buckets are replayed, so that none is taken over. */
export const createReplaySource = (
  rollup: RollupPlan,
  range: BucketRange,
  { database }: ReplayOptions,
): readonly string[] => {
  const source = replaySource(rollup, database);
  const definitions: readonly Definition[] = [
    { node: 'create null table', name: source, like: { database, table: eventsTable } },
    {
      node: 'create materialized view',
      name: { database, table: `${source.table}_fill` },
      to: { database, table: rollup.table },
      select: { ...statesOfEvents(rollup, database, ...happenedIn(range)), from: source },
    },
  ];
  return [...dropReplay(rollup, { database }), ...definitions.map(print)];
};

/** Nothing may be inserted into the source meanwhile. */
export const dropReplay = (rollup: RollupPlan, { database }: ReplayOptions): readonly string[] => {
  const { table } = replaySource(rollup, database);
  const drops: readonly (readonly ['VIEW' | 'TABLE', string])[] = [
    ['VIEW', `${table}_fill`],
    ['TABLE', table],
    ['TABLE', bucketsBefore(rollup, database).table],
  ];
  return drops.map(([what, name]) =>
    print({ node: 'drop', what, name: { database, table: name } }),
  );
};

/**
 * Takes a month (`YYYYMM`) over from another version's table, as it is now, sharing
 * its files: into the version's own table, or to where buckets are copied from.
 */
export const takeMonth = (
  rollup: RollupPlan,
  {
    month,
    from,
    into,
  }: {
    readonly month: string;
    readonly from: RollupPlan;
    readonly into: 'version' | 'before';
  },
  { database }: ReplayOptions,
): string =>
  print({
    node: 'alter table',
    name: into === 'before' ? bucketsBefore(rollup, database) : { database, table: rollup.table },
    change: { kind: 'attach partition', id: month, from: { database, table: from.table } },
  });

const beforeAlias = 'b';
const bucketBefore = columnOf(beforeAlias, 'bucket');
const monthOfBucket = call('toString', call('toYYYYMM', bucketBefore));

/** The months (`YYYYMM`) that a version's table has buckets of, one a row. */
export const monthsOf = ({ table }: RollupPlan, { database }: ReplayOptions): string =>
  monthsIn({ database, table });

/** Those from which buckets are copied. */
export const monthsBefore = (rollup: RollupPlan, { database }: ReplayOptions): string =>
  monthsIn(bucketsBefore(rollup, database));

const monthsIn = (from: TableName): string =>
  print({
    node: 'select',
    select: {
      columns: [{ expression: monthOfBucket, as: 'month' }],
      from,
      alias: beforeAlias,
      where: null,
      groupBy: 'all',
      orderBy: [{ expression: column('month'), descending: false }],
    },
  });

/** Copies the buckets of a month that are not replayed. */
export const copyBuckets = (
  rollup: RollupPlan,
  { month, sinceMs, untilMs }: BucketRange & { readonly month: string },
  { database }: ReplayOptions,
): string => {
  const isBefore = sinceMs === null ? [] : [infix('<', bucketBefore, timeOf(epochMs(sinceMs)))];
  const isAfter = untilMs === null ? [] : [infix('>=', bucketBefore, timeOf(epochMs(untilMs)))];
  return print({
    node: 'insert',
    into: { database, table: rollup.table },
    select: {
      columns: rollupColumns(rollup).map(({ name }) => ({
        expression: columnOf(beforeAlias, name),
        as: name,
      })),
      from: bucketsBefore(rollup, database),
      alias: beforeAlias,
      where: infix(
        'AND',
        infix('=', monthOfBucket, literal(month)),
        infix('OR', literal(false), ...isBefore, ...isAfter),
      ),
      groupBy: null,
    },
  });
};

const happenedIn = ({ sinceMs, untilMs }: BucketRange): readonly Expression[] => {
  const timestamp = columnOf(eventsAlias, 'timestamp');
  return [
    ...(sinceMs === null ? [] : [infix('>=', timestamp, timeOf(epochMs(sinceMs)))]),
    ...(untilMs === null ? [] : [infix('<', timestamp, timeOf(epochMs(untilMs)))]),
  ];
};
