import { resultsTable } from '../../../compile/clickhouse/results-table.ts';
import type { WindowPlan } from '../../../plan/plan.ts';
import { database } from '../../database.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import { sources, type VersionSteps } from './rollup-steps.ts';
import type { Refusal, Step } from './step.ts';
import { shownWindow, type WindowVersion } from './window-version.ts';

/** What gives each window a version that computes what it is to compute, and shows it. */
export const windowSteps = (desired: Desired, actual: Actual, applied: Applied): VersionSteps => {
  const { windows } = desired.plan;
  const staying = [...windows, ...desired.beside.windows];
  const gone = Object.values(applied.windows).filter(({ window }) =>
    staying.every(({ table }) => table !== window.table),
  );
  return {
    makes: windows.flatMap((window) => make(window, desired, actual, applied)),
    fills: windows.flatMap((window) => show(window, desired, actual, applied)),
    drops: gone.length === 0 ? [] : [drop(gone.map(({ window }) => window))],
  };
};

const nameOf = ({ name, version }: WindowPlan): string => `window ${name} v${version}`;

const drop = (windows: readonly WindowPlan[]): Step => ({
  kind: 'drop windows',
  windows,
  what: `${windows.map(nameOf).join(', ')}: drop, once nobody loads or reads it`,
});

const make = (
  window: WindowPlan,
  { cut, plan, windowCuts, onSeveralServers }: Desired,
  actual: Actual,
  { windows: versions }: Applied,
): readonly Step[] => {
  const version = versions[window.table];
  if (version !== undefined && !isToBeMade(version, actual))
    return isLost(version, actual) ? [lost(window)] : [];
  const own = windowCuts.get(window.table) ?? null;
  if (own !== null && onSeveralServers) return [notOnSeveralServers(window)];
  if (cut === null && version?.from !== undefined) return [withoutEvents(window)];
  const isFirst = isShownAtOnce(window, cut, versions);
  const what = `${nameOf(window)}: make ${window.table}`;
  return [{ kind: 'make window', window, plan, isFirst, cut: own, what }];
};

/** Readers of a window that is new have nothing to wait for. */
const isShownAtOnce = (
  { name, table }: WindowPlan,
  cut: Desired['cut'],
  versions: Applied['windows'],
): boolean => {
  const shown = shownWindow(versions, name);
  return cut === null || shown === undefined || shown.window.table === table;
};

/** Whether nothing that counts is in it. */
const isToBeMade = (version: WindowVersion, actual: Actual): boolean =>
  version.stage === 'asked' || (actual.events === 0 && !actual.tables.has(version.window.table));

const isLost = ({ window }: WindowVersion, { tables }: Actual): boolean =>
  !tables.has(window.table) || !tables.has(resultsTable(window, database).table);

const show = (
  window: WindowPlan,
  { cut }: Desired,
  actual: Actual,
  { windows: versions }: Applied,
): readonly Step[] => {
  const version = versions[window.table];
  const isNew = version === undefined || isToBeMade(version, actual);
  if (isNew ? isShownAtOnce(window, cut, versions) : version.stage === 'shown') return [];
  const shown = shownWindow(versions, window.name);
  const meanwhile = shown ? `; version ${shown.window.version} answers until then` : '';
  const step: Step = {
    kind: 'show window',
    window,
    what: `${nameOf(window)}: show it to readers, once its results are out as far as those they see`,
  };
  const { from } = version ?? {};
  const isFilled = version?.stage === 'filled' || version?.stage === 'returning';
  if (from === undefined || isFilled) return [step];
  const what = `${nameOf(window)}: fill it from ${sources[from]}${meanwhile}`;
  return [{ kind: 'fill window', window, from, what }, step];
};

const notOnSeveralServers = ({ name }: WindowPlan): Refusal => ({
  kind: 'refuse',
  code: 'plan_conflict',
  what: `windows.${name}: the store is on several servers, where it cannot compute results of windows yet`,
  mend: `Replay it --from log, if that has forgotten nothing; \`millrace replay drop ${name}\` gives this replay up.`,
});

const lost = ({ name, table }: WindowPlan): Refusal => ({
  kind: 'refuse',
  code: 'plan_conflict',
  what: `windows.${name}: the store lacks ${table}, or where its results are stored, which it had`,
  mend: `Restore the tables, or make them anew: \`millrace replay start --window ${name} --from log\`, then \`millrace replay drop ${name}\`.`,
});

const withoutEvents = ({ name }: WindowPlan): Refusal => ({
  kind: 'refuse',
  code: 'replay_conflict',
  what: `windows.${name}: the store has no events yet, so there is nothing to replay`,
  mend: 'Wait until loaders have stored some; `millrace replay drop` gives the replay up.',
});
