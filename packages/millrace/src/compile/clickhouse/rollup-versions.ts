import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { resultsAlias } from './field.ts';
import { call, columnOf, literal, type Statement } from './nodes.ts';
import { print } from './printer.ts';
import {
  createRollupFill,
  createRollupTable,
  createRollupView,
  rollupFill,
} from './rollup-table.ts';

export interface VersionOptions {
  readonly database: string;
}

/**
 * Makes the table of one version, empty, and the view that brings each insert
 * from now on into it. Whatever a crash left of them goes first, so it may be
 * begun again as long as nothing that counts is in it.
 */
export const createVersion = (
  rollup: RollupPlan,
  plan: Plan,
  { database }: VersionOptions,
): readonly string[] => [
  ...cutOffVersion(rollup, { database }),
  ...dropVersion(rollup, { database }),
  print(createRollupTable(rollup, plan, database)),
  print(createRollupFill(rollup, database)),
];

/** Shows readers of the rollup's name this version; or, from the events, what it will be. */
export const showVersion = (
  rollup: RollupPlan,
  over: 'table' | 'events',
  { database }: VersionOptions,
): string => print(createRollupView(rollup, database, over));

/** Ends what brings inserts into it. No insert may be under way. */
export const cutOffVersion = (
  rollup: RollupPlan,
  { database }: VersionOptions,
): readonly string[] => printed({ node: 'drop', what: 'VIEW', name: rollupFill(rollup, database) });

export const dropVersion = (rollup: RollupPlan, { database }: VersionOptions): readonly string[] =>
  printed({ node: 'drop', what: 'TABLE', name: { database, table: rollup.table } });

/** Readers find nothing under the rollup's name any more. */
export const hideRollup = (rollup: RollupPlan, { database }: VersionOptions): readonly string[] =>
  printed({ node: 'drop', what: 'VIEW', name: { database, table: rollup.name } });

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

const printed = (statement: Statement): readonly string[] => [print(statement)];
