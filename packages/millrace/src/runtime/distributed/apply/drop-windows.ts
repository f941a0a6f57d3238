import { dropWindowHistory } from '../../../compile/clickhouse/window-replay.ts';
import {
  dropComputedWindow,
  hideWindow,
  showComputedWindow,
} from '../../../compile/clickhouse/window-versions.ts';
import { resultsTopicName } from '../../../compile/kafka/topics.ts';
import type { Plan, WindowPlan } from '../../../plan/plan.ts';
import { database } from '../../database.ts';
import { define } from './define.ts';
import { untilLetGo } from './let-go.ts';
import { tablesIn } from './look.ts';
import { optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { withLeaving, without } from './stages.ts';
import { shownWindow } from './window-version.ts';

/** Drops versions once loaders and readers have let go of them. */
export async function dropWindows(
  dropped: readonly WindowPlan[],
  plan: Plan,
  work: Performing,
): Promise<void> {
  const { claim, reach } = work;
  const tables = dropped.map(({ table }) => table);
  await claim.keep({ ...claim.applied, windows: withLeaving(claim.applied.windows, tables) });
  await showWhatWasKept(dropped, work);
  await untilLetGo(
    dropped.map((window) => resultsTopicName(window, plan)),
    plan,
    work,
  );
  reach('window-replay-switched');
  const options = optionsOf(work);
  for (const window of dropped) {
    const isNameTaken = [...plan.rollups, ...plan.windows].some(({ name }) => name === window.name);
    await define(isNameTaken ? [] : hideWindow(window, options), work);
    await define(
      [...dropWindowHistory(window, { database }), ...dropComputedWindow(window, options)],
      work,
    );
  }
  await claim.keep({ ...claim.applied, windows: without(claim.applied.windows, tables) });
}

/**
 * An apply that died may have let readers of a name see one of these already, and not have
 * kept so: they are to see what was kept, if the store has not lost it.
 */
async function showWhatWasKept(dropped: readonly WindowPlan[], work: Performing): Promise<void> {
  const { tables } = await tablesIn(work.store);
  const shown = dropped.flatMap(({ name }) => {
    const version = shownWindow(work.claim.applied.windows, name);
    return version && tables.has(version.window.table) ? [version.window] : [];
  });
  const options = optionsOf(work);
  await define(
    shown.map((window) => showComputedWindow(window, options)),
    work,
  );
}
