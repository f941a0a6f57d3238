import type { Plan, WindowPlan } from '../../../plan/plan.ts';
import { sameWindow } from '../../../plan/versions.ts';
import type { LoadProgress } from '../../../ports/progress.ts';
import type { WindowStep } from '../../../ports/window-versions.ts';
import {
  type ByTable,
  besideOf,
  isLoaded,
  isStanding,
  type Staged,
  type VersionKind,
  withShownOf,
} from './stages.ts';

/** One version of a window: the tables of its results. */
export interface WindowVersion extends Staged {
  readonly window: WindowPlan;
  /**
   * The table of the version that the definition made: a replay gives it another, and its
   * results are those of the same window all the same.
   */
  readonly definedAs: string;
  /** Null if its job computes all that it has, or if it is not made yet. */
  readonly fill: WindowFill | null;
}

/** What the store computes of a version, whose job computes the rest. */
export interface WindowFill extends WindowCut, WindowFillProgress {
  /** How many events there are to read or to compute results from; of the archive, how many offsets. */
  readonly events: number;
  /** What its results say of when they were written (epoch ms). */
  readonly emittedAtMs: number;
}

/** Where what the store computes of a version ends, and what its job computes begins. */
export interface WindowCut {
  /** Of windows that end up to this (epoch ms) the store computes the results, of others the job, … */
  readonly toMs: number;
  /** … by partition of the clean log: the store has all events of these windows below the offset, … */
  readonly cut: readonly number[];
  /** … and the log has all those of the others at this one or behind it. */
  readonly begins: readonly number[];
}

/** How far that is. */
export interface WindowFillProgress {
  readonly eventsDone: number;
  /** It has the results of windows that end up to this (epoch ms). */
  readonly doneToMs: number;
  /** If it is there, that step was begun: whoever goes on repeats exactly it, under the same token. */
  readonly intent: WindowStep | null;
  /** By partition of the clean log, how far the archive and the log are read; absent where the stored events are. */
  readonly loaded?: readonly LoadProgress[];
}

export type WindowVersions = ByTable<WindowVersion>;

const kind: VersionKind<WindowVersion> = {
  of: ({ window }) => window,
  isSame: (one, other) => sameWindow(one.window, other.window),
};

/** The windows of a plan, where nobody kept anything about their versions. */
export const windowsSinceEver = (plan: Plan | null): WindowVersions =>
  Object.fromEntries(
    (plan?.windows ?? []).map((window) => [
      window.table,
      { window, definedAs: window.table, stage: 'shown', fill: null },
    ]),
  );

/** The version that readers of a window see. */
export const shownWindow = (versions: WindowVersions, name: string): WindowVersion | undefined =>
  Object.values(versions).find(({ window, stage }) => window.name === name && stage === 'shown');

/** The windows whose tables are there, and are to stay. */
export const standingWindows = (versions: WindowVersions): readonly WindowPlan[] =>
  Object.values(versions)
    .filter(isStanding)
    .map(({ window }) => window);

/** The windows to whose tables loaders bring results. */
export const loadedWindows = (versions: WindowVersions): readonly WindowPlan[] =>
  Object.values(versions)
    .filter(isLoaded)
    .map(({ window }) => window);

/** The versions of a plan's windows that are to stay beside those that it has. */
export const windowsBeside = (plan: Plan, versions: WindowVersions): readonly WindowPlan[] =>
  besideOf(kind, versions, ({ window }) => {
    const planned = plan.windows.find(({ name }) => name === window.name);
    if (planned === undefined || !sameWindow(window, planned)) return null;
    return window.keepMs === planned.keepMs ? planned.table : null;
  }).map(({ window }) => window);

/**
 * With a version that is made.
 *
 * @param isFirst whether there is nothing to wait for, so that readers see it at once.
 */
export const withWindowMade = (
  versions: WindowVersions,
  window: WindowPlan,
  isFirst: boolean,
  fill: WindowFill | null,
): WindowVersions => {
  const { [window.table]: asked } = versions;
  const stage = asked?.from === undefined ? 'filled' : 'filling';
  const version = { definedAs: window.table, ...asked, window, stage, fill } as const;
  const made = { ...versions, [window.table]: version };
  return isFirst ? withWindowShown(made, window.table) : made;
};

export const withWindowShown = (versions: WindowVersions, table: string): WindowVersions =>
  withShownOf(kind, versions, table);
