import type { RollupReplay } from '../../../ports/rollup-progress.ts';

/**
 * How far a version of a rollup or a window is. `asked`: it is to be made. `filling`: it
 * gets what was there before its cut, and of what Flink computes nothing yet.
 * `filled`: it has that, and gets what came since. `shown`: readers see it. `kept`: it
 * has all and gets what comes, and readers may go back to it. `returning`: they are
 * about to. `leaving`: nobody is to load it or to read it any more.
 */
export type Stage = 'asked' | 'filling' | 'filled' | 'shown' | 'kept' | 'returning' | 'leaving';

export interface Staged {
  readonly stage: Stage;
  /** What it is made anew from, where it was asked for though what it computes had not changed. */
  readonly from?: RollupReplay['from'];
}

/** Versions by their tables. */
export interface ByTable<Version> {
  readonly [table: string]: Version;
}

/** What a version is one of. */
export interface VersionKind<Version> {
  readonly of: (version: Version) => { readonly name: string; readonly table: string };
  /** Whether two versions of one name compute the same. */
  readonly isSame: (one: Version, other: Version) => boolean;
}

/** Whether readers are to see it, and do not yet. */
export const isToCome = ({ stage }: Staged): boolean =>
  ['asked', 'filling', 'filled', 'returning'].includes(stage);

/** Whether its tables are there, and are to stay. */
export const isStanding = ({ stage }: Staged): boolean => stage !== 'asked' && stage !== 'leaving';

/** Whether loaders bring it what Flink computes. */
export const isLoaded = ({ stage }: Staged): boolean =>
  ['filled', 'shown', 'kept', 'returning'].includes(stage);

/** Nobody is to load or to read these any more. */
export const withLeaving = <Version extends Staged>(
  versions: ByTable<Version>,
  tables: readonly string[],
): ByTable<Version> =>
  Object.fromEntries(
    Object.entries(versions).map(([table, version]): [string, Version] => [
      table,
      tables.includes(table) ? { ...version, stage: 'leaving' } : version,
    ]),
  );

export const without = <Version>(
  versions: ByTable<Version>,
  tables: readonly string[],
): ByTable<Version> =>
  Object.fromEntries(Object.entries(versions).filter(([table]) => !tables.includes(table)));

/**
 * Readers see this version from now on, and no other of its name. The one before is kept if
 * it computes the same, so that they can go back to it.
 */
export const withShownOf = <Version extends Staged>(
  { of, isSame }: VersionKind<Version>,
  versions: ByTable<Version>,
  table: string,
): ByTable<Version> => {
  const { [table]: version } = versions;
  if (version === undefined) return versions;
  const others = Object.values(versions).filter(
    (other) => of(other).name === of(version).name && of(other).table !== table,
  );
  const before = others.find(({ stage }) => stage === 'shown');
  const isKept = before !== undefined && isSame(before, version);
  const gone = others.filter(({ stage }) => stage === 'kept' || (stage === 'shown' && !isKept));
  const kept: ByTable<Version> = isKept ? { [of(before).table]: { ...before, stage: 'kept' } } : {};
  return {
    ...withLeaving(
      versions,
      gone.map((one) => of(one).table),
    ),
    ...kept,
    [table]: { ...version, stage: 'shown' },
  };
};

/**
 * The versions that compute what those of a plan do and are to stay beside these: the one
 * that readers see while another is to take its place, and else the one that they may
 * go back to.
 *
 * @param plannedFor the table that the plan has in the place of a version that computes the same; null if it has none.
 */
export const besideOf = <Version extends Staged>(
  { of }: Pick<VersionKind<Version>, 'of'>,
  versions: ByTable<Version>,
  plannedFor: (version: Version) => string | null,
): readonly Version[] =>
  Object.values(versions).filter((version) => {
    const planned = plannedFor(version);
    if (planned === null || planned === of(version).table) return false;
    const { [planned]: first } = versions;
    const stays = first !== undefined && isToCome(first) ? 'shown' : 'kept';
    return version.stage === stays;
  });
