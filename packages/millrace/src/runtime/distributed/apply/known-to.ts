import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';
import { isToCome } from './rollup-version.ts';

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
  const versions = Object.values(applied.rollups);
  const shown = versions.filter(({ stage }) => stage === 'shown');
  const toCome = versions.filter(isToCome);
  const usable = first === 'shown' ? [...shown, ...toCome] : [...toCome, ...shown];
  const plans = [last, ...(begun ? [begun] : [])];
  const given = [
    ...plans.flatMap(({ rollups, windows, retired }) => [...rollups, ...windows, ...retired]),
    ...versions.map(({ rollup }) => rollup),
  ];
  return {
    ...last,
    rollups: [...usable.map(({ rollup }) => rollup), ...plans.flatMap(({ rollups }) => rollups)],
    retired: given.map(({ name, version }) => ({ name, version })),
  };
}
