import type { FlinkJob } from '../../../compile/flink/job.ts';
import type { Plan } from '../../../plan/plan.ts';
import {
  afterForget,
  type ClusterForgotten,
  type ForgetChange,
  nothingForgotten,
} from '../forget/cluster-forgotten.ts';
import { type FillProgress, type RollupVersions, shownSinceEver } from './rollup-version.ts';
import {
  type WindowFillProgress,
  type WindowVersions,
  windowsSinceEver,
} from './window-version.ts';

/** What the last applies made, as they kept it. */
export interface Applied {
  /** What the store and the jobs are made for; null before the first apply has ended. */
  readonly plan: Plan | null;
  /** An apply began to make the store match this, and did not end. */
  readonly begun: Plan | null;
  readonly jobs: { readonly [name: string]: AppliedJob };
  readonly rollups: RollupVersions;
  readonly windows: WindowVersions;
  /** Events that happened before this (epoch ms) may have been dropped by age; null if none was. */
  readonly eventsGoneBeforeMs: number | null;
  /** Who is being forgotten, and what was: it is kept in entries of its own. */
  readonly forgotten: ClusterForgotten;
}

/** As it may have been kept, before versions of rollups, or of windows, were kept as well. */
type KeptApplied = Pick<Applied, 'plan' | 'begun' | 'jobs'> & Partial<Omit<Applied, 'forgotten'>>;

export interface AppliedJob {
  /** As it was submitted. */
  readonly job: FlinkJob;
  /** Flink's; null if it is not known whether it was started. */
  readonly id: string | null;
  /** What it was resumed from; null if it began anew. */
  readonly from: string | null;
  /** It was stopped with this savepoint, and has not run since; null if it runs. */
  readonly savepoint: string | null;
}

export const nothingApplied: Applied = {
  ...{ plan: null, begun: null, jobs: {}, rollups: {}, windows: {} },
  eventsGoneBeforeMs: null,
  forgotten: nothingForgotten,
};

/** An entry of the journal in which applies keep what they do. */
export type AppliedEntry =
  /** Asks to be the one that applies. */
  | { readonly kind: 'claim'; readonly by: string; readonly who: string }
  | { readonly kind: 'renew'; readonly by: string }
  | { readonly kind: 'keep'; readonly by: string; readonly applied: KeptApplied }
  /** How far the fill of one version is. */
  | {
      readonly kind: 'fill';
      readonly by: string;
      readonly table: string;
      readonly progress: FillProgress;
    }
  | {
      readonly kind: 'window fill';
      readonly by: string;
      readonly table: string;
      readonly progress: WindowFillProgress;
    }
  | (ForgetChange & { readonly by: string })
  | { readonly kind: 'release'; readonly by: string };

export interface Placed {
  readonly offset: number;
  /** Epoch ms, by the clock that is the journal's own. */
  readonly atMs: number;
  readonly entry: AppliedEntry;
}

export interface Holder {
  readonly by: string;
  /** For people: the machine, the process. */
  readonly who: string;
  /** Of its claim. */
  readonly offset: number;
  /** Its last sign of life. */
  readonly seenMs: number;
}

/** Who has given no sign of life for so long has lost its claim to the next who makes one. */
export const claimMs = 60_000;

/**
 * What the journal says. Its order and its times alone decide, so all who read
 * it agree: of two claims the first holds, and what somebody writes whose claim
 * went to another counts for nothing.
 */
export const appliedIn = (entries: readonly Placed[]): AppliedSoFar =>
  entries.reduce(afterEntry, nothingSoFar);

export interface AppliedSoFar {
  readonly applied: Applied;
  /** Who applies now, if anybody does. */
  readonly holder: Holder | null;
}

export const nothingSoFar: AppliedSoFar = { applied: nothingApplied, holder: null };

export const afterEntry = (
  { applied, holder }: AppliedSoFar,
  { entry, atMs, offset }: Placed,
): AppliedSoFar => {
  if (entry.kind === 'claim') {
    const isFree = holder === null || atMs - holder.seenMs >= claimMs;
    const claimed = { by: entry.by, who: entry.who, offset, seenMs: atMs };
    return { applied, holder: isFree ? claimed : holder };
  }
  if (holder?.by !== entry.by) return { applied, holder };
  return {
    applied: changed(applied, entry),
    holder: entry.kind === 'release' ? null : { ...holder, seenMs: atMs },
  };
};

const changed = (applied: Applied, entry: AppliedEntry): Applied => {
  switch (entry.kind) {
    case 'keep': {
      const { plan } = entry.applied;
      const { forgotten } = applied;
      const sinceEver = { rollups: shownSinceEver(plan), windows: windowsSinceEver(plan) };
      return { ...nothingApplied, ...sinceEver, ...entry.applied, forgotten };
    }
    case 'fill':
      return withFill(applied, entry.table, entry.progress);
    case 'window fill':
      return withWindowFill(applied, entry.table, entry.progress);
    case 'forget':
    case 'forgotten':
    case 'receipt':
      return { ...applied, forgotten: afterForget(applied.forgotten, entry) };
    default:
      return applied;
  }
};

export const withFill = (applied: Applied, table: string, progress: FillProgress): Applied => {
  const version = applied.rollups[table];
  if (version === undefined || version.fill === null) return applied;
  const filled = { ...version, fill: { ...version.fill, ...progress } };
  return { ...applied, rollups: { ...applied.rollups, [table]: filled } };
};

export const withWindowFill = (
  applied: Applied,
  table: string,
  progress: WindowFillProgress,
): Applied => {
  const version = applied.windows[table];
  if (version === undefined || version.fill === null) return applied;
  const filled = { ...version, fill: { ...version.fill, ...progress } };
  return { ...applied, windows: { ...applied.windows, [table]: filled } };
};
