import type { Plan, WindowPlan } from '../../plan/plan.ts';
import { placedOn, printDefinitions } from './cluster.ts';
import { print } from './printer.ts';
import { createResultsFill, createResultsTable, dropResults } from './results-table.ts';
import type { VersionOptions } from './rollup-versions.ts';
import { createWindowTable, createWindowView } from './window-table.ts';

/*
 * Versions of a window whose results are computed elsewhere; what one process does with
 * those that the store computes is in `window-replay.ts`.
 */

/**
 * Makes the tables of a version, empty. Whatever a crash left of them goes first.
 *
 * @param behindMs what is computed elsewhere of windows that end up to this (epoch ms) is left out.
 */
export const createComputedWindow = (
  window: WindowPlan,
  plan: Plan,
  { database, cluster, behindMs = null }: VersionOptions & { readonly behindMs?: number | null },
): readonly string[] => [
  ...dropComputedWindow(window, { database, ...(cluster ? { cluster } : {}) }),
  ...printDefinitions(
    [
      createWindowTable(window, plan, database),
      createResultsTable(window, plan, database),
      createResultsFill(window, database, behindMs),
    ],
    cluster,
  ),
];

/** Nobody may be loading its results. */
export const dropComputedWindow = (
  window: WindowPlan,
  { database, cluster }: VersionOptions,
): readonly string[] => [
  ...dropResults(window, { database, ...(cluster ? { cluster } : {}) }),
  ...printDefinitions(
    [{ node: 'drop', what: 'TABLE', name: { database, table: window.table } }],
    cluster,
  ),
];

/** Readers of the window's name see this version. */
export const showComputedWindow = (
  window: WindowPlan,
  { database, cluster }: VersionOptions,
): string => print({ ...createWindowView(window, database), ...placedOn(cluster) });

/** Readers find nothing under the window's name any more. */
export const hideWindow = (
  { name }: WindowPlan,
  { database, cluster }: VersionOptions,
): readonly string[] =>
  printDefinitions([{ node: 'drop', what: 'VIEW', name: { database, table: name } }], cluster);
