import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import type { RollupStep } from '../../../ports/rollup-progress.ts';
import { beginningMs } from '../../../rollups/rollup-tables.ts';

/** One version of a rollup: a table of the store. */
export interface RollupVersion {
  readonly rollup: RollupPlan;
  /**
   * `filling`: it gets what was stored before its cut, and of its deltas nothing
   * yet. `filled`: it has that, and gets what came since. `shown`: readers see it.
   * `leaving`: nobody is to load it or to read it any more.
   */
  readonly stage: 'filling' | 'filled' | 'shown' | 'leaving';
  /** Null if it was there before the first event. */
  readonly fill: RollupFill | null;
}

export interface RollupFill extends FillProgress {
  /**
   * By partition of the clean log: events below the offset were stored before the
   * version, and are filled in; all others come as they come to any rollup.
   */
  readonly cut: readonly number[];
  /** How many events there are to fill in. */
  readonly events: number;
}

/** How far a fill is. */
export interface FillProgress {
  /** It has the events that happened before (epoch ms). */
  readonly doneToMs: number;
  readonly eventsDone: number;
  /** If it is there, that step was begun: whoever goes on repeats exactly it, under the same token. */
  readonly intent: RollupStep | null;
  /** Of what happened before this (epoch ms) it may lack events that were gone. Null: nothing. */
  readonly completeSinceMs: number | null;
}

/** By their tables. */
export interface RollupVersions {
  readonly [table: string]: RollupVersion;
}

export const newFill = (cut: readonly number[], events: number): RollupFill => ({
  ...{ cut, events, doneToMs: beginningMs, eventsDone: 0 },
  ...{ intent: null, completeSinceMs: null },
});

/** The rollups of a plan whose tables have been there since before the first event. */
export const shownSinceEver = (plan: Plan | null): RollupVersions =>
  Object.fromEntries(
    (plan?.rollups ?? []).map((rollup) => [rollup.table, { rollup, stage: 'shown', fill: null }]),
  );

/** The version that readers of a rollup see; nothing while it answers from the events. */
export const shownVersion = (versions: RollupVersions, name: string): RollupVersion | undefined =>
  Object.values(versions).find(({ rollup, stage }) => rollup.name === name && stage === 'shown');

/** Whether readers are to see it, and do not yet. */
export const isToCome = ({ stage }: RollupVersion): boolean =>
  stage === 'filling' || stage === 'filled';

/** The rollups whose tables are there, and are to stay. */
export const standingRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(({ stage }) => stage !== 'leaving')
    .map(({ rollup }) => rollup);

/** The rollups to whose tables loaders bring deltas. */
export const loadedRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(({ stage }) => stage === 'filled' || stage === 'shown')
    .map(({ rollup }) => rollup);

/** With a version that is made, and is to be filled; without a fill it has everything, and is shown. */
export const withMade = (
  versions: RollupVersions,
  rollup: RollupPlan,
  fill: RollupFill | null,
): RollupVersions => {
  const made = { ...versions, [rollup.table]: { rollup, stage: 'filling', fill } as const };
  return fill === null ? withShown(made, rollup.table) : made;
};

/** Nobody is to load or to read these any more. */
export const withLeaving = (versions: RollupVersions, tables: readonly string[]): RollupVersions =>
  Object.fromEntries(
    Object.entries(versions).map(([table, version]): [string, RollupVersion] => [
      table,
      tables.includes(table) ? { ...version, stage: 'leaving' } : version,
    ]),
  );

export const without = (versions: RollupVersions, tables: readonly string[]): RollupVersions =>
  Object.fromEntries(Object.entries(versions).filter(([table]) => !tables.includes(table)));

/** Readers see this version from now on, and no other of its name. */
export const withShown = (versions: RollupVersions, table: string): RollupVersions => {
  const { [table]: version } = versions;
  if (version === undefined) return versions;
  const before = shownVersion(versions, version.rollup.name);
  const others = before === undefined ? versions : withLeaving(versions, [before.rollup.table]);
  return { ...others, [table]: { ...version, stage: 'shown' } };
};
