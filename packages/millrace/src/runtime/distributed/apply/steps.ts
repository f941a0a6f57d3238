import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import { forgetRefusals } from './forget-steps.ts';
import { jobSteps, removals } from './job-steps.ts';
import { rollupSteps } from './rollup-steps.ts';
import type { Refusal, Step } from './step.ts';
import { tableSteps } from './table-steps.ts';
import { topicSteps } from './topic-steps.ts';
import { windowSteps } from './window-steps.ts';

/** What makes a cluster into what is asked for, in order; nothing if it is. */
export const stepsTo = (desired: Desired, actual: Actual, applied: Applied): readonly Step[] => {
  const rollups = rollupSteps(desired, actual, applied);
  const windows = windowSteps(desired, actual, applied);
  const steps = [
    ...topicSteps(desired, actual),
    ...tableSteps(desired, actual, applied),
    ...rollups.makes,
    ...windows.makes,
    ...jobSteps(desired, actual, applied),
    ...rollups.fills,
    ...windows.fills,
    ...removals(desired, actual, applied),
    ...rollups.drops,
    ...windows.drops,
  ];
  return [...steps, ...forgetRefusals(steps, desired, actual, applied)];
};

export const refusalsIn = (steps: readonly Step[]): readonly Refusal[] =>
  steps.filter((step) => step.kind === 'refuse');
