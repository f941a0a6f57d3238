import type { Plan, WindowPlan } from '../../plan/plan.ts';
import { sameWindow } from '../../plan/versions.ts';
import type { AppliedWatch } from './applied-watch.ts';
import { loadedWindows, shownWindow } from './apply/window-version.ts';

/** The versions of windows that readers are to see, as it was applied; where nobody knows, those of the definition. */
export class ServedWindows {
  readonly #plan: Plan;
  readonly #watch: Pick<AppliedWatch, 'applied'>;

  constructor(plan: Plan, watch: Pick<AppliedWatch, 'applied'>) {
    this.#plan = plan;
    this.#watch = watch;
  }

  /** Those that get what comes. */
  get loaded(): readonly WindowPlan[] {
    const { applied } = this.#watch;
    return applied === null || applied.plan === null
      ? this.#plan.windows
      : loadedWindows(applied.windows);
  }

  /** The version of a window of the plan that readers see now. */
  readonly seen = (window: WindowPlan): WindowPlan => this.#shown(window)?.window ?? window;

  /** The table of the version that the definition made, of which that may be a replay. */
  readonly definedAs = (window: WindowPlan): string =>
    this.#shown(window)?.definedAs ?? window.table;

  /** Another definition's, which came since, has other columns. */
  #shown(window: WindowPlan) {
    const shown = shownWindow(this.#watch.applied?.windows ?? {}, window.name);
    return shown && sameWindow(shown.window, window) ? shown : undefined;
  }
}
