import { showComputedWindow } from '../../../compile/clickhouse/window-versions.ts';
import type { Plan, WindowPlan } from '../../../plan/plan.ts';
import { loaderGroup } from '../group-names.ts';
import { watchWindows } from '../watched-windows.ts';
import { define } from './define.ts';
import { optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { waitAndTell } from './wait-and-tell.ts';
import { shownWindow, withWindowShown } from './window-version.ts';

/** Shows readers a version once its results are out as far as those that they see. */
export async function showWindow(window: WindowPlan, plan: Plan, work: Performing): Promise<void> {
  const { claim, tell, reach } = work;
  await untilOut(window, plan, work);
  await define([showComputedWindow(window, optionsOf(work))], work);
  reach('window-replay-shown');
  await claim.keep({
    ...claim.applied,
    windows: withWindowShown(claim.applied.windows, window.table),
  });
  tell(`${window.name} answers from ${window.table} from now on`);
}

/** How long (ms) a version may be some moments behind the one that readers see, before they see it all the same. */
const levelMsMax = 60_000;

/**
 * Resolves once a heartbeat of now is through the version's job and its results are stored;
 * and none is through those of the version that readers see that is not through these: no
 * result that they saw is lacking.
 */
async function untilOut(window: WindowPlan, plan: Plan, work: Performing): Promise<void> {
  const { admin, claim, clock, kafka, tell } = work;
  const shown = shownWindow(claim.applied.windows, window.name);
  const watched = watchWindows({
    ...{ plan, kafka },
    windows: () => [window, ...(shown ? [shown.window] : [])],
    onProblem: (what, error) => tell(`${what}: ${String(error)}`),
  });
  const sinceMs = clock.now();
  const wait = waitAndTell(async () => {
    const throughMs = watched.throughMs(window.table);
    const upTo = throughMs === null ? 'when is not known' : new Date(throughMs).toISOString();
    const { members } = await admin.group(loaderGroup(plan));
    return `${window.table} waits for its results: what came up to ${upTo} is in them, and ${members} loader(s) run`;
  }, work);
  try {
    for (let levelUntilMs = Number.POSITIVE_INFINITY; ; ) {
      claim.sure();
      const throughMs = watched.throughMs(window.table);
      const seenMs = shown ? watched.throughMs(shown.window.table) : null;
      if (throughMs !== null && throughMs >= sinceMs) {
        levelUntilMs = Math.min(levelUntilMs, performance.now() + levelMsMax);
        if (throughMs >= (seenMs ?? sinceMs) || performance.now() > levelUntilMs) return;
      }
      await wait();
    }
  } finally {
    await watched.stop();
  }
}
