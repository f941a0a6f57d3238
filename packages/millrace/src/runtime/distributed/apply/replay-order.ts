import { MillraceError } from '../../../errors.ts';
import { difference } from '../../../plan/difference.ts';
import type { Plan } from '../../../plan/plan.ts';
import { atVersion } from '../../../plan/versions.ts';
import type { RollupReplay } from '../../../ports/rollup-progress.ts';
import type { Applied } from './applied.ts';
import { isToCome, type Staged, withLeaving } from './stages.ts';
import { shownWindow } from './window-version.ts';

/** Asks for another version of rollups or windows than the one that readers see. */
export type ReplayOrder =
  /** One that is made anew. */
  | {
      readonly kind: 'start';
      readonly rollups: readonly string[];
      readonly windows: readonly string[];
      readonly from: RollupReplay['from'];
    }
  /** The one before. */
  | { readonly kind: 'back'; readonly name: string }
  /** No other than that: what is made anew, or could be gone back to, is not wanted any more. */
  | { readonly kind: 'drop'; readonly name: string };

/**
 * What is applied, with what is asked for: the next steps are those that get there.
 *
 * @param plan of the definition, which is to be what is applied.
 * @throws MillraceError `not_found`, `replay_conflict`.
 */
export const withOrder = (order: ReplayOrder, plan: Plan, applied: Applied): Applied => {
  const last = applied.begun === null ? applied.plan : null;
  if (last === null || difference(last, plan).length > 0)
    throw conflict('The cluster is not what the pipeline says: run `millrace apply` first.');
  switch (order.kind) {
    case 'start': {
      const { from } = order;
      const withRollups = order.rollups.reduce(
        (so, name) => asked({ noun: 'rollup', name }, from, plan, so),
        applied,
      );
      return order.windows.reduce(
        (so, name) => asked({ noun: 'window', name }, from, plan, so),
        withRollups,
      );
    }
    case 'back':
      return goneBack(whatIs(order.name, applied), applied);
    case 'drop':
      return dropped(whatIs(order.name, applied), applied);
  }
};

/** What versions are of. */
interface Subject {
  readonly noun: 'rollup' | 'window';
  readonly name: string;
}

/** What is of interest of a version here, whatever it is one of. */
interface Version extends Staged {
  readonly table: string;
  readonly version: number;
}

const whatIs = (name: string, { windows }: Applied): Subject => ({
  noun: shownWindow(windows, name) === undefined ? 'rollup' : 'window',
  name,
});

const asked = (
  subject: Subject,
  from: RollupReplay['from'],
  plan: Plan,
  applied: Applied,
): Applied => {
  requireShown(subject, applied);
  const toCome = versionToCome(subject, applied);
  // It was begun, and is gone on with.
  if (toCome?.from === from && toCome.stage !== 'returning') return applied;
  if (toCome !== undefined) throw conflict(underWay(subject, toCome));
  const { name } = subject;
  const next = 1 + newestOf(subject, plan, applied);
  const { rollups, windows } = applied;
  if (subject.noun === 'rollup') {
    const made = Object.values(rollups)
      .filter(({ rollup, stage }) => rollup.name === name && stage === 'shown')
      .map(({ rollup }) => atVersion(rollup, next))
      .map((rollup) => [rollup.table, { rollup, stage: 'asked', fill: null, from }] as const);
    return { ...applied, rollups: { ...rollups, ...Object.fromEntries(made) } };
  }
  const made = Object.values(windows)
    .filter(({ window, stage }) => window.name === name && stage === 'shown')
    .map(({ window, definedAs }) => ({ window: atVersion(window, next), definedAs }))
    .map((one) => [one.window.table, { ...one, stage: 'asked', fill: null, from }] as const);
  return { ...applied, windows: { ...windows, ...Object.fromEntries(made) } };
};

const goneBack = (subject: Subject, applied: Applied): Applied => {
  const toCome = versionToCome(subject, applied);
  // It was begun, and is gone on with.
  if (toCome?.stage === 'returning') return applied;
  if (toCome !== undefined) throw conflict(underWay(subject, toCome));
  const { table } = keptVersion(subject, applied);
  const { rollups, windows } = applied;
  return {
    ...applied,
    rollups: withReturning(rollups, table),
    windows: withReturning(windows, table),
  };
};

const dropped = (subject: Subject, applied: Applied): Applied => {
  const toCome = versionToCome(subject, applied);
  if (toCome !== undefined && isOfDefinition(toCome)) throw conflict(underWay(subject, toCome));
  const { table } = toCome ?? keptVersion(subject, applied);
  const { rollups, windows } = applied;
  return {
    ...applied,
    rollups: withLeaving(rollups, [table]),
    windows: withLeaving(windows, [table]),
  };
};

const withReturning = <One extends Staged>(
  versions: { readonly [table: string]: One },
  table: string,
): { readonly [table: string]: One } => {
  const { [table]: version } = versions;
  return version === undefined
    ? versions
    : { ...versions, [table]: { ...version, stage: 'returning' } };
};

/** The one that readers are to see next. */
const versionToCome = (subject: Subject, applied: Applied): Version | undefined =>
  versionsOf(subject, applied).find(isToCome);

/** Whether it is made because of what the definition says, and nobody ordered it. */
const isOfDefinition = ({ stage, from }: Version): boolean =>
  from === undefined && stage !== 'returning';

/** What is on the way already, and what can be done about it. */
const underWay = ({ noun, name }: Subject, version: Version): string => {
  const what = `version ${version.version} of the ${noun} ${name}`;
  const goOn = '`millrace apply` goes on with it';
  const drop = `\`millrace replay drop ${name}\``;
  if (version.stage === 'returning')
    return `Readers are going back to ${what}: ${goOn}, ${drop} drops that version instead.`;
  if (isOfDefinition(version))
    return `The cluster is making ${what}, as it is defined now: ${goOn}.`;
  return `The cluster is making ${what} from the ${version.from}: ${goOn}, ${drop} gives it up.`;
};

const versionsOf = (
  { noun, name }: Subject,
  { rollups, windows }: Pick<Applied, 'rollups' | 'windows'>,
): readonly Version[] =>
  noun === 'rollup'
    ? Object.values(rollups)
        .filter(({ rollup }) => rollup.name === name)
        .map((one) => versionOf(one.rollup, one))
    : Object.values(windows)
        .filter(({ window }) => window.name === name)
        .map((one) => versionOf(one.window, one));

/** `from` of a rollup or a window is something else. */
const versionOf = (
  { table, version }: { readonly table: string; readonly version: number },
  { stage, from }: Staged,
): Version => ({ table, version, stage, ...(from === undefined ? {} : { from }) });

const keptVersion = (subject: Subject, applied: Applied): Version => {
  requireShown(subject, applied);
  const kept = versionsOf(subject, applied).find(({ stage }) => stage === 'kept');
  if (kept !== undefined) return kept;
  throw conflict(`No other version of the ${subject.noun} ${subject.name} is kept.`);
};

/** The newest version that its name was ever given. */
const newestOf = (subject: Subject, plan: Plan, applied: Applied): number =>
  Math.max(
    ...versionsOf(subject, applied).map(({ version }) => version),
    ...[...plan.rollups, ...plan.windows, ...plan.retired]
      .filter(({ name }) => name === subject.name)
      .map(({ version }) => version),
  );

const conflict = (message: string): MillraceError => new MillraceError('replay_conflict', message);

/** @throws MillraceError `not_found` if there is nothing of the name that readers see. */
const requireShown = (subject: Subject, applied: Applied): void => {
  if (versionsOf(subject, applied).some(({ stage }) => stage === 'shown')) return;
  const { rollups, windows } = applied;
  const shown = [
    ...Object.values(rollups).map(({ rollup: { name }, stage }) => ({ name, stage })),
    ...Object.values(windows).map(({ window: { name }, stage }) => ({ name, stage })),
  ].filter(({ stage }) => stage === 'shown');
  throw new MillraceError(
    'not_found',
    `There is no ${subject.noun} ${subject.name} that has everything; there are: ${shown.map(({ name }) => name).join(', ') || 'none'}.`,
  );
};
