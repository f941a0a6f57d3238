import { createDeltas, dropDeltas } from '../../../compile/clickhouse/deltas-table.ts';
import {
  allBuckets,
  createReplaySource,
  dropReplay,
} from '../../../compile/clickhouse/rollup-replay.ts';
import {
  createVersionFill,
  createVersionTable,
  cutOffVersion,
  dropVersion,
  hideRollup,
  showVersion,
  type VersionOptions,
} from '../../../compile/clickhouse/rollup-versions.ts';
import { MillraceError } from '../../../errors.ts';
import { filledByDeltas } from '../../../plan/deltas.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { eventsBelowCut } from '../../../rollups/fill-steps.ts';
import { database } from '../../database.ts';
import { fillStatements } from '../../fill-statements.ts';
import { define } from './define.ts';
import { loadersNow, storedNow } from './look.ts';
import type { Performing } from './perform.ts';
import { newFill, type RollupFill, shownVersion, withMade } from './rollup-version.ts';

export interface NewVersion {
  readonly rollup: RollupPlan;
  readonly plan: Plan;
  /** By partition of the clean log, up to where the store has the events; null if it has none. */
  readonly cut: readonly number[] | null;
}

/**
 * Makes the table of a version, and what brings it what comes. It is beside the
 * one that readers see; where there is none yet, they see what the events say.
 *
 * @throws MillraceError `loaders_running` if somebody loads what a view of the events is to see.
 */
export async function makeRollup(made: NewVersion, work: Performing): Promise<void> {
  const { rollup, cut } = made;
  const { claim } = work;
  await makeTables(made, work);
  if (!filledByDeltas(rollup)) await requireAtRest(made, work);
  const { rollups } = claim.applied;
  if (cut === null || shownVersion(rollups, rollup.name) === undefined)
    await define([showVersion(rollup, cut === null ? 'table' : 'events', optionsOf(work))], work);
  const fill = cut === null ? null : await beginFill(rollup, cut, work);
  await claim.keep({ ...claim.applied, rollups: withMade(rollups, rollup, fill) });
}

async function makeTables({ rollup, plan }: NewVersion, work: Performing): Promise<void> {
  const { claim } = work;
  const options = optionsOf(work);
  const table = createVersionTable(rollup, plan, options);
  const { from = 'events' } = claim.applied.rollups[rollup.table] ?? {};
  const replayed = from === 'events' ? [] : createReplaySource(rollup, allBuckets, { database });
  const statements = filledByDeltas(rollup)
    ? [...dropDeltas(rollup, options), ...table, ...createDeltas(rollup, plan, options)]
    : [...table, ...createVersionFill(rollup, options)];
  await define([...statements, ...replayed], work);
}

/** Of an insert that was under way when a view of the events was made nobody knows whether the view saw it. */
async function requireAtRest({ rollup, plan, cut }: NewVersion, work: Performing): Promise<void> {
  const { applied } = work.claim;
  const { inserting } = await loadersNow(plan, applied, work);
  if (!inserting && same((await storedNow(plan, applied, work)).cut, cut)) return;
  throw new MillraceError(
    'loaders_running',
    `Events were stored while the view that fills ${rollup.table} was made.`,
  );
}

async function beginFill(
  rollup: RollupPlan,
  cut: readonly number[],
  { store, claim }: Performing,
): Promise<RollupFill> {
  const { from = 'events' } = claim.applied.rollups[rollup.table] ?? {};
  if (from !== 'events')
    return newFill(
      cut,
      cut.reduce((sum, offset) => sum + offset, 0),
    );
  const empty = newFill(cut, 0);
  const questions = fillStatements(database);
  return newFill(cut, await eventsBelowCut({ ...empty, rollup }, { store, questions }));
}

/** Drops a version. Nobody may load it; where it was shown, its name means nothing any more if no other has it. */
export function dropTables(
  rollup: RollupPlan,
  isNameTaken: boolean,
  work: Performing,
): Promise<void> {
  const options = optionsOf(work);
  const statements = [
    ...(isNameTaken ? [] : hideRollup(rollup, options)),
    ...cutOffVersion(rollup, options),
    ...dropDeltas(rollup, options),
    ...dropReplay(rollup, { database }),
    ...dropVersion(rollup, options),
  ];
  return define(statements, work);
}

export const optionsOf = ({ storeCluster }: Performing): VersionOptions => ({
  database,
  ...(storeCluster ? { cluster: storeCluster } : {}),
});

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
