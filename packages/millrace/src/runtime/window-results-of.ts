import { selectWindowResults } from '../compile/clickhouse/window-table.ts';
import type { Plan, WindowPlan } from '../plan/plan.ts';
import type { Store } from '../ports/store.ts';
import { WindowResults, type WindowResultsOptions } from '../windows/window-results.ts';
import { database } from './database.ts';

/**
 * The results of each of a pipeline's windows, by the window's name.
 *
 * @param seen the version of a window that readers see now.
 */
export const windowResultsOf = (
  plan: Plan,
  runner: WindowResultsOptions['runner'],
  store: Store,
  seen: (window: WindowPlan) => WindowPlan = (window) => window,
): ReadonlyMap<string, WindowResults> =>
  new Map(
    plan.windows.map((window) => [
      window.name,
      new WindowResults({
        ...{ table: () => seen(window).table, runner, store },
        select: (page) => selectWindowResults(seen(window), page, { database }),
      }),
    ]),
  );
