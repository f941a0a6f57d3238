import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { sameLogic } from '../../../plan/versions.ts';
import type { LoadProgress } from '../../../ports/progress.ts';
import type { RollupStep } from '../../../ports/rollup-progress.ts';
import { beginningMs } from '../../../rollups/rollup-tables.ts';
import {
  type ByTable,
  besideOf,
  isLoaded,
  isStanding,
  type Staged,
  type VersionKind,
  withShownOf,
} from './stages.ts';

/** One version of a rollup: a table of the store. */
export interface RollupVersion extends Staged {
  readonly rollup: RollupPlan;
  /** Null if it was there before the first event, or is not made yet. */
  readonly fill: RollupFill | null;
}

export interface RollupFill extends FillProgress {
  /**
   * By partition of the clean log: events below the offset were stored before the
   * version, and are filled in; all others come as they come to any rollup.
   */
  readonly cut: readonly number[];
  /** How many events there are to fill in; of the archive and the log, how many offsets. */
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
  /** By partition of the clean log, how far it is read, where that and the archive fill it. */
  readonly loaded?: readonly LoadProgress[];
}

export type RollupVersions = ByTable<RollupVersion>;

const kind: VersionKind<RollupVersion> = {
  of: ({ rollup }) => rollup,
  isSame: (one, other) => sameLogic(one.rollup, other.rollup),
};

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

/** The rollups whose tables are there, and are to stay. */
export const standingRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(isStanding)
    .map(({ rollup }) => rollup);

/** The rollups to whose tables loaders bring deltas. */
export const loadedRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(isLoaded)
    .map(({ rollup }) => rollup);

/** The versions of a plan's rollups that are to stay beside those that it has. */
export const rollupsBeside = (plan: Plan, versions: RollupVersions): readonly RollupPlan[] =>
  besideOf(kind, versions, ({ rollup }) => {
    const planned = plan.rollups.find(({ name }) => name === rollup.name);
    if (planned === undefined || !sameLogic(rollup, planned)) return null;
    return rollup.keepMs === planned.keepMs ? planned.table : null;
  }).map(({ rollup }) => rollup);

/** With a version that is made, and is to be filled; without a fill it has everything, and is shown. */
export const withMade = (
  versions: RollupVersions,
  rollup: RollupPlan,
  fill: RollupFill | null,
): RollupVersions => {
  const { [rollup.table]: asked } = versions;
  const version = { ...asked, rollup, stage: 'filling', fill } as const;
  const made = { ...versions, [rollup.table]: version };
  return fill === null ? withShown(made, rollup.table) : made;
};

export const withShown = (versions: RollupVersions, table: string): RollupVersions =>
  withShownOf(kind, versions, table);
