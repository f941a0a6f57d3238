import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';
import { isToCome, type Staged } from './stages.ts';

/**
 * What a definition that comes next has to know: the versions that there are, and that none
 * which was ever given is given to another logic.
 *
 * @param first of two versions that compute the same, which one is the definition's: the one
 *   that readers see, or the one that was asked for and is to take its place.
 */
export function knownTo(
  { plan, begun, ...applied }: Applied,
  first: 'shown' | 'to come',
): Plan | undefined {
  const last = plan ?? begun;
  if (last === null) return undefined;
  const rollups = Object.values(applied.rollups);
  const windows = Object.values(applied.windows);
  const plans = [last, ...(begun ? [begun] : [])];
  const given = [
    ...plans.flatMap((one) => [...one.rollups, ...one.windows, ...one.retired]),
    ...rollups.map(({ rollup }) => rollup),
    ...windows.map(({ window }) => window),
  ];
  return {
    ...last,
    rollups: [
      ...usable(rollups, first).map(({ rollup }) => rollup),
      ...plans.flatMap((one) => one.rollups),
    ],
    windows: [
      ...usable(windows, first).map(({ window }) => window),
      ...plans.flatMap((one) => one.windows),
    ],
    retired: given.map(({ name, version }) => ({ name, version })),
  };
}

/** The versions that may be the definition's, the one to be preferred first. */
const usable = <Version extends Staged>(
  versions: readonly Version[],
  first: 'shown' | 'to come',
): readonly Version[] => {
  const shown = versions.filter(({ stage }) => stage === 'shown');
  const toCome = versions.filter(isToCome);
  return first === 'shown' ? [...shown, ...toCome] : [...toCome, ...shown];
};
