import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { type Cluster, placedOn, printDefinitions } from './cluster.ts';
import { resultsAlias } from './field.ts';
import { call, columnOf, type Definition, literal } from './nodes.ts';
import { print } from './printer.ts';
import {
  createRollupFill,
  createRollupTable,
  createRollupView,
  rollupFill,
} from './rollup-table.ts';

export interface VersionOptions {
  readonly database: string;
  readonly cluster?: Cluster;
}

/**
 * Makes the table of one version, empty, and the view that brings each insert
 * from now on into it. Whatever a crash left of them goes first, so it may be
 * begun again as long as nothing that counts is in it.
 */
export const createVersion = (
  rollup: RollupPlan,
  plan: Plan,
  options: VersionOptions,
): readonly string[] => [
  ...createVersionTable(rollup, plan, options),
  ...createVersionFill(rollup, options),
];

/** The table alone, which nothing is brought into. Whatever a crash left of it goes first. */
export const createVersionTable = (
  rollup: RollupPlan,
  plan: Plan,
  options: VersionOptions,
): readonly string[] => [
  ...cutOffVersion(rollup, options),
  ...dropVersion(rollup, options),
  ...printDefinitions([createRollupTable(rollup, plan, options.database)], options.cluster),
];

/** The view that brings each insert from now on into the table, which is there. */
export const createVersionFill = (
  rollup: RollupPlan,
  { database, cluster }: VersionOptions,
): readonly string[] => printDefinitions([createRollupFill(rollup, database)], cluster);

/** Shows readers of the rollup's name this version; or, from the events, what it will be. */
export const showVersion = (
  rollup: RollupPlan,
  over: 'table' | 'events',
  { database, cluster }: VersionOptions,
): string => print({ ...createRollupView(rollup, database, over), ...placedOn(cluster) });

/** Ends what brings inserts into it. No insert may be under way. */
export const cutOffVersion = (
  rollup: RollupPlan,
  { database, cluster }: VersionOptions,
): readonly string[] =>
  printDefinitions([drop('VIEW', database, rollupFill(rollup, database).table)], cluster);

export const dropVersion = (
  rollup: RollupPlan,
  { database, cluster }: VersionOptions,
): readonly string[] => printDefinitions([drop('TABLE', database, rollup.table)], cluster);

/** Readers find nothing under the rollup's name any more. */
export const hideRollup = (
  rollup: RollupPlan,
  { database, cluster }: VersionOptions,
): readonly string[] => printDefinitions([drop('VIEW', database, rollup.name)], cluster);

/** One row: how many states its table has, and when the first bucket begins (epoch ms). */
export const firstBucket = (rollup: RollupPlan, { database }: VersionOptions): string =>
  print({
    node: 'select',
    select: {
      columns: [
        { expression: call('count'), as: 'states' },
        {
          expression: call(
            'toUnixTimestamp64Milli',
            call('toDateTime64', call('min', columnOf(resultsAlias, 'bucket')), literal(3)),
          ),
          as: 'first_ms',
        },
      ],
      from: { database, table: rollup.table },
      alias: resultsAlias,
      where: null,
      groupBy: null,
    },
  });

const drop = (what: 'TABLE' | 'VIEW', database: string, table: string): Definition => ({
  node: 'drop',
  what,
  name: { database, table },
});
