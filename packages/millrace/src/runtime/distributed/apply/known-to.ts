import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';

/**
 * What a definition that comes next has to know: the versions that there are, those
 * that readers see first, and that none which was ever given is given to another logic.
 */
export function knownTo({ plan, begun, ...applied }: Applied): Plan | undefined {
  const last = plan ?? begun;
  if (last === null) return undefined;
  const versions = Object.values(applied.rollups);
  const isIn = (stage: string) => versions.filter((version) => version.stage === stage);
  const usable = [...isIn('shown'), ...isIn('filled'), ...isIn('filling')];
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
