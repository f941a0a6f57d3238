import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';
import { loadedRollups } from './rollup-version.ts';
import { loadedWindows } from './window-version.ts';

/** The versions of rollups and windows that loaders load. */
export const loadedIn = ({
  rollups,
  windows,
}: Pick<Applied, 'rollups' | 'windows'>): Pick<Plan, 'rollups' | 'windows'> => ({
  rollups: loadedRollups(rollups),
  windows: loadedWindows(windows),
});
