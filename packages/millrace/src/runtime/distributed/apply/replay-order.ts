import { MillraceError } from '../../../errors.ts';
import { difference } from '../../../plan/difference.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { atVersion } from '../../../plan/versions.ts';
import type { RollupReplay } from '../../../ports/rollup-progress.ts';
import type { Applied } from './applied.ts';
import {
  isToCome,
  type RollupVersion,
  type RollupVersions,
  shownVersion,
  withLeaving,
} from './rollup-version.ts';

/** Asks for another version of rollups than the one that readers see. */
export type ReplayOrder =
  /** One that is made anew. */
  | {
      readonly kind: 'start';
      readonly rollups: readonly string[];
      readonly from: RollupReplay['from'];
    }
  /** The one before. */
  | { readonly kind: 'back'; readonly rollup: string }
  /** No other than that: what is made anew, or could be gone back to, is not wanted any more. */
  | { readonly kind: 'drop'; readonly rollup: string };

/**
 * What is applied, with what is asked for: the next steps are those that get there.
 *
 * @param plan of the definition, which is to be what is applied.
 * @throws MillraceError `not_found`, `replay_invalid` for a window, `replay_conflict`.
 */
export const withOrder = (order: ReplayOrder, plan: Plan, applied: Applied): Applied => {
  const last = applied.begun === null ? applied.plan : null;
  if (last === null || difference(last, plan).length > 0)
    throw conflict('The cluster is not what the pipeline says: run `millrace apply` first.');
  switch (order.kind) {
    case 'start':
      return order.rollups.reduce((so, name) => asked(name, order.from, plan, so), applied);
    case 'back':
      return goneBack(order.rollup, plan, applied);
    case 'drop': {
      const toCome = versionToCome(order.rollup, applied.rollups);
      if (toCome !== undefined && isOfDefinition(toCome)) throw conflict(underWay(toCome));
      const gone = toCome ?? keptVersion(order.rollup, plan, applied.rollups);
      return { ...applied, rollups: withLeaving(applied.rollups, [gone.rollup.table]) };
    }
  }
};

const asked = (name: string, from: RollupReplay['from'], plan: Plan, applied: Applied): Applied => {
  const versions = versionsOf(name, applied.rollups);
  const shown = shownVersion(applied.rollups, name);
  if (shown === undefined) throw notFound(name, plan, applied.rollups);
  const toCome = versionToCome(name, applied.rollups);
  // It was begun, and is gone on with.
  if (toCome?.from === from && toCome.stage !== 'returning') return applied;
  if (toCome !== undefined) throw conflict(underWay(toCome));
  const version = 1 + newestOf(name, plan, versions);
  const rollup = atVersion(shown.rollup, version);
  return withVersion(applied, { rollup, stage: 'asked', fill: null, from });
};

const goneBack = (name: string, plan: Plan, applied: Applied): Applied => {
  const toCome = versionToCome(name, applied.rollups);
  // It was begun, and is gone on with.
  if (toCome?.stage === 'returning') return applied;
  if (toCome !== undefined) throw conflict(underWay(toCome));
  const kept = keptVersion(name, plan, applied.rollups);
  return withVersion(applied, { ...kept, stage: 'returning' });
};

/** The one that readers are to see next. */
const versionToCome = (name: string, versions: RollupVersions): RollupVersion | undefined =>
  versionsOf(name, versions).find(isToCome);

/** Whether it is made because of what the definition says, and nobody ordered it. */
const isOfDefinition = ({ stage, from }: RollupVersion): boolean =>
  from === undefined && stage !== 'returning';

/** What is on the way already, and what can be done about it. */
const underWay = (version: RollupVersion): string => {
  const { name } = version.rollup;
  const what = `version ${version.rollup.version} of the rollup ${name}`;
  const goOn = '`millrace apply` goes on with it';
  const drop = `\`millrace replay drop ${name}\``;
  if (version.stage === 'returning')
    return `Readers are going back to ${what}: ${goOn}, ${drop} drops that version instead.`;
  if (isOfDefinition(version))
    return `The cluster is making ${what}, as it is defined now: ${goOn}.`;
  return `The cluster is making ${what} from the ${version.from}: ${goOn}, ${drop} gives it up.`;
};

const withVersion = (applied: Applied, version: RollupVersion): Applied => ({
  ...applied,
  rollups: { ...applied.rollups, [version.rollup.table]: version },
});

const versionsOf = (name: string, versions: RollupVersions): readonly RollupVersion[] =>
  Object.values(versions).filter(({ rollup }) => rollup.name === name);

const keptVersion = (name: string, plan: Plan, versions: RollupVersions): RollupVersion => {
  if (shownVersion(versions, name) === undefined) throw notFound(name, plan, versions);
  const kept = versionsOf(name, versions).find(({ stage }) => stage === 'kept');
  if (kept !== undefined) return kept;
  throw conflict(`No other version of the rollup ${name} is kept.`);
};

/** The newest version that its name was ever given. */
const newestOf = (
  name: string,
  { rollups, windows, retired }: Plan,
  versions: readonly { readonly rollup: RollupPlan }[],
): number =>
  Math.max(
    ...[...rollups, ...windows, ...retired, ...versions.map(({ rollup }) => rollup)]
      .filter((one) => one.name === name)
      .map(({ version }) => version),
  );

const conflict = (message: string): MillraceError => new MillraceError('replay_conflict', message);

const notFound = (name: string, { windows }: Plan, versions: RollupVersions): MillraceError => {
  if (windows.some((window) => window.name === name))
    return new MillraceError(
      'replay_invalid',
      `${name} is a window: in a cluster rollups are replayed, and windows are not.`,
    );
  const shown = Object.values(versions).filter(({ stage }) => stage === 'shown');
  const names = shown.map(({ rollup }) => rollup.name).join(', ') || 'none';
  return new MillraceError(
    'not_found',
    `There is no rollup ${name} that has everything; there are: ${names}.`,
  );
};
