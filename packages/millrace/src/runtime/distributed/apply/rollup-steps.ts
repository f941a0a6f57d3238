import { filledByDeltas } from '../../../plan/deltas.ts';
import type { RollupPlan } from '../../../plan/plan.ts';
import type { RollupReplay } from '../../../ports/rollup-progress.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import { loadersRunning } from './loaders-running.ts';
import { type RollupVersion, shownVersion } from './rollup-version.ts';
import type { Refusal, Step } from './step.ts';

/** In the order in which they are done, with what else there is between them. */
export interface VersionSteps {
  /** Tables of versions that are new. */
  readonly makes: readonly Step[];
  /** What was stored before them, and readers who are told. */
  readonly fills: readonly Step[];
  /** What nobody wants any more. */
  readonly drops: readonly Step[];
}

/** What gives each rollup a version that computes what it is to compute, filled and shown. */
export const rollupSteps = (desired: Desired, actual: Actual, applied: Applied): VersionSteps => {
  const { rollups } = desired.plan;
  const staying = [...rollups, ...desired.beside.rollups];
  const gone = Object.values(applied.rollups).filter(({ rollup }) =>
    staying.every(({ table }) => table !== rollup.table),
  );
  return {
    makes: rollups.flatMap((rollup) => make(rollup, desired, actual, applied)),
    fills: rollups.flatMap((rollup) => fill(rollup, desired, actual, applied)),
    drops: gone.length === 0 ? [] : [drop(gone.map(({ rollup }) => rollup))],
  };
};

const nameOf = ({ name, version }: RollupPlan): string => `rollup ${name} v${version}`;

const drop = (rollups: readonly RollupPlan[]): Step => ({
  kind: 'drop rollups',
  rollups,
  what: `${rollups.map(nameOf).join(', ')}: drop, once nobody loads or reads it`,
});

const make = (
  rollup: RollupPlan,
  desired: Desired,
  actual: Actual,
  applied: Applied,
): readonly Step[] => {
  const version = applied.rollups[rollup.table];
  if (version !== undefined && !isToBeMade(version, actual)) {
    const isLost = !actual.tables.has(rollup.table) && actual.events > 0;
    return isLost ? [lost(rollup)] : [];
  }
  const { cut } = desired;
  if (cut !== null && desired.onSeveralServers) return [onSeveralServers(rollup)];
  if (cut === null && version?.from !== undefined) return [withoutEvents(rollup)];
  // While an insert is under way nobody knows whether a view of the events that is made has seen it.
  if (!filledByDeltas(rollup) && applied.plan !== null) {
    const refusals = loadersRunning(actual);
    if (refusals.length > 0) return refusals;
  }
  const what = `${nameOf(rollup)}: make ${rollup.table}`;
  return [{ kind: 'make rollup', rollup, plan: desired.plan, cut, what }];
};

/** Whether nothing that counts is in it: its table is not there, or it was filled while nobody loaded, and somebody did. */
const isToBeMade = ({ rollup, stage, fill }: RollupVersion, actual: Actual): boolean => {
  if (stage === 'asked') return true;
  if (!actual.tables.has(rollup.table)) return actual.events === 0;
  if (filledByDeltas(rollup) || stage !== 'filling' || fill === null) return false;
  return JSON.stringify(fill.cut) !== JSON.stringify(actual.loaders.stored);
};

const fill = (
  rollup: RollupPlan,
  { cut }: Desired,
  actual: Actual,
  { rollups: versions }: Applied,
): readonly Step[] => {
  const version = versions[rollup.table];
  const isNew = version === undefined || isToBeMade(version, actual);
  if (isNew ? cut === null : version.stage === 'shown') return [];
  const shown = shownVersion(versions, rollup.name);
  const meanwhile = shown
    ? `version ${shown.rollup.version} answers until then`
    : 'until then it answers from the events';
  const show: Step = {
    kind: 'show rollup',
    rollup,
    what: `${nameOf(rollup)}: show it to readers, once it has what came meanwhile`,
  };
  if (!isNew && (version.stage === 'filled' || version.stage === 'returning')) return [show];
  const refusals = isNew || filledByDeltas(rollup) ? [] : loadersRunning(actual);
  if (refusals.length > 0) return refusals;
  const what = `${nameOf(rollup)}: fill it from ${sources[version?.from ?? 'events']}; ${meanwhile}`;
  return [{ kind: 'fill rollup', rollup, what }, show];
};

/** What versions are made anew from, for people. */
export const sources: { readonly [from in RollupReplay['from']]: string } = {
  archive: 'the archive, and the log behind it',
  log: 'the log',
  events: 'the events that are stored',
};

const lost = ({ name, table }: RollupPlan): Refusal => ({
  kind: 'refuse',
  code: 'plan_conflict',
  what: `rollups.${name}: the store lacks ${table}, which it had`,
  mend: `Restore the table, or make it anew: \`millrace replay start --rollup ${name} --from events\`, then \`millrace replay drop ${name}\`.`,
});

const withoutEvents = ({ name }: RollupPlan): Refusal => ({
  kind: 'refuse',
  code: 'replay_conflict',
  what: `rollups.${name}: the store has no events yet, so there is nothing to replay`,
  mend: 'Wait until loaders have stored some; `millrace replay drop` gives the replay up.',
});

const onSeveralServers = ({ name }: RollupPlan): Refusal => ({
  kind: 'refuse',
  code: 'plan_conflict',
  what: `rollups.${name}: the store has events, and is on several servers, where a new or changed rollup cannot be filled yet`,
  mend: 'Define it before the first event, or use another pipeline name and send the events again.',
});
