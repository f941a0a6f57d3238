import {
  createWindowHistory,
  dropWindowHistory,
} from '../../../compile/clickhouse/window-replay.ts';
import {
  createComputedWindow,
  showComputedWindow,
} from '../../../compile/clickhouse/window-versions.ts';
import type { Plan, WindowPlan } from '../../../plan/plan.ts';
import { eventsOfReplay, firstEndMs } from '../../../windows/replay-steps.ts';
import { database } from '../../database.ts';
import { define } from './define.ts';
import { optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { windowQuestions } from './window-questions.ts';
import { type WindowCut, type WindowFill, withWindowMade } from './window-version.ts';

export interface NewWindow {
  readonly window: WindowPlan;
  readonly plan: Plan;
  /** Whether readers see it at once. */
  readonly isFirst: boolean;
  /** Where what the store computes ends; null if its job computes all. */
  readonly cut: WindowCut | null;
}

/** Makes the tables of a version, into which nobody brings anything before it is kept that they are there. */
export async function makeWindow(
  { window, plan, isFirst, cut }: NewWindow,
  work: Performing,
): Promise<void> {
  const { claim, reach } = work;
  const options = optionsOf(work);
  const isReadAgain = claim.applied.windows[window.table]?.from === 'archive';
  await define(
    [
      ...createComputedWindow(window, plan, { ...options, behindMs: cut?.toMs ?? null }),
      ...(isReadAgain
        ? [
            ...dropWindowHistory(window, { database }),
            ...createWindowHistory(window, plan, { database }),
          ]
        : []),
    ],
    work,
  );
  if (isFirst) await define([showComputedWindow(window, options)], work);
  const fill = cut === null ? null : await beginFill(window, cut, isReadAgain, work);
  reach('window-replay-created');
  const windows = withWindowMade(claim.applied.windows, window, isFirst, fill);
  await claim.keep({ ...claim.applied, windows });
}

async function beginFill(
  window: WindowPlan,
  cut: WindowCut,
  isReadAgain: boolean,
  { store, clock }: Performing,
): Promise<WindowFill> {
  const empty: WindowFill = {
    ...{ ...cut, events: 0, eventsDone: 0, intent: null, emittedAtMs: clock.now() },
    doneToMs: firstEndMs(window, cut.toMs),
  };
  const events = isReadAgain
    ? cut.cut.reduce((sum, offset) => sum + offset, 0)
    : await eventsOfReplay(window, empty, { store, questions: windowQuestions('events') });
  return { ...empty, events };
}
