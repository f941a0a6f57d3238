import type { Plan, WindowPlan } from '../plan/plan.ts';
import { asDefined, type VersionedWindow, type WindowTables } from '../windows/window-tables.ts';

/**
 * Notes which versions a plan wants, whose tables are made already. What replays
 * made of another definition is dropped, and what a crash left unmade.
 *
 * @param sameEvents whether events are stored as they were: else what is being replayed is given up.
 */
export async function applyWindows(
  plan: Plan,
  tables: WindowTables,
  sameEvents: boolean,
): Promise<void> {
  const wanted = plan.windows.map((window): VersionedWindow => {
    const there = tables.at(window.table);
    return there?.stage === 'ready' ? { ...there, window } : asDefined(window);
  });
  const gone = tables.versions.filter(
    ({ window }) => !plan.windows.some(({ table }) => table === window.table),
  );
  const left = gone.filter((version) => !isAskedFor(version, wanted, sameEvents));
  await tables.save(
    ...left.map((version) => ({ ...version, stage: 'dropping' }) as const),
    ...wanted,
  );
}

/** Whether it is being replayed, or can be gone back to, and computes what readers see. */
const isAskedFor = (
  { window, definedAs, stage }: VersionedWindow,
  wanted: readonly VersionedWindow[],
  sameEvents: boolean,
): boolean => {
  const seen = wanted.find((version) => version.definedAs === definedAs);
  if (seen === undefined || seen.window.keepMs !== window.keepMs) return false;
  return stage === 'kept' || (stage === 'filling' && sameEvents);
};

/** The version of a window that readers see. */
export const readyWindow = (tables: WindowTables, window: WindowPlan): VersionedWindow =>
  tables.ready(window.name) ?? asDefined(window);
