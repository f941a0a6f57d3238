import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';
import type { Desired } from './cluster.ts';
import { rollupsBeside } from './rollup-version.ts';
import { windowsBeside } from './window-version.ts';

/** The versions that stay beside those of a plan. */
export const besideIn = (plan: Plan, { rollups, windows }: Applied): Desired['beside'] => ({
  rollups: rollupsBeside(plan, rollups),
  windows: windowsBeside(plan, windows),
});

/** A plan with all versions that topics and jobs are for. */
export const withBeside = (plan: Plan, { rollups, windows }: Desired['beside']): Plan => ({
  ...plan,
  rollups: [...plan.rollups, ...rollups],
  windows: [...plan.windows, ...windows],
});
