import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { sameLogic } from '../../../plan/versions.ts';
import type { LoadProgress } from '../../../ports/progress.ts';
import type { RollupReplay, RollupStep } from '../../../ports/rollup-progress.ts';
import { beginningMs } from '../../../rollups/rollup-tables.ts';

/** One version of a rollup: a table of the store. */
export interface RollupVersion {
  readonly rollup: RollupPlan;
  /**
   * `asked`: it is to be made. `filling`: it gets what was stored before its cut, and
   * of its deltas nothing yet. `filled`: it has that, and gets what came since.
   * `shown`: readers see it. `kept`: it has all and gets what comes, and readers may
   * go back to it. `returning`: they are about to. `leaving`: nobody is to load it or
   * to read it any more.
   */
  readonly stage: 'asked' | 'filling' | 'filled' | 'shown' | 'kept' | 'returning' | 'leaving';
  /** Null if it was there before the first event, or is not made yet. */
  readonly fill: RollupFill | null;
  /** What it is made anew from, where it was asked for though what it computes had not changed. */
  readonly from?: RollupReplay['from'];
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
  ['asked', 'filling', 'filled', 'returning'].includes(stage);

/** The rollups whose tables are there, and are to stay. */
export const standingRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(({ stage }) => stage !== 'asked' && stage !== 'leaving')
    .map(({ rollup }) => rollup);

/** The rollups to whose tables loaders bring deltas. */
export const loadedRollups = (versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(({ stage }) => ['filled', 'shown', 'kept', 'returning'].includes(stage))
    .map(({ rollup }) => rollup);

/**
 * The versions that compute what a plan's do and are to stay beside these: the one
 * that readers see while another is to take its place, and else the one that they may
 * go back to.
 */
export const rollupsBeside = (plan: Plan, versions: RollupVersions): readonly RollupPlan[] =>
  Object.values(versions)
    .filter(({ rollup, stage }) => {
      const planned = plan.rollups.find(({ name }) => name === rollup.name);
      if (planned === undefined || planned.table === rollup.table) return false;
      const { [planned.table]: version } = versions;
      const stays = version !== undefined && isToCome(version) ? 'shown' : 'kept';
      const isSame = sameLogic(rollup, planned) && rollup.keepMs === planned.keepMs;
      return stage === stays && isSame;
    })
    .map(({ rollup }) => rollup);

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

/**
 * Readers see this version from now on, and no other of its name. The one before is kept if
 * it computes the same, so that they can go back to it.
 */
export const withShown = (versions: RollupVersions, table: string): RollupVersions => {
  const { [table]: version } = versions;
  if (version === undefined) return versions;
  const others = Object.values(versions).filter(
    ({ rollup }) => rollup.name === version.rollup.name && rollup.table !== table,
  );
  const before = others.find(({ stage }) => stage === 'shown');
  const isKept = before !== undefined && sameLogic(before.rollup, version.rollup);
  const gone = others.filter(({ stage }) => stage === 'kept' || (stage === 'shown' && !isKept));
  const kept: RollupVersions = isKept
    ? { [before.rollup.table]: { ...before, stage: 'kept' } }
    : {};
  const tablesGone = gone.map(({ rollup }) => rollup.table);
  return {
    ...withLeaving(versions, tablesGone),
    ...kept,
    [table]: { ...version, stage: 'shown' },
  };
};
