import type { Plan } from '../../../plan/plan.ts';
import type { Applied } from './applied.ts';

/** By the tables of rollups whose jobs do not read from the beginning, where each begins. */
export function cutsOf(
  plan: Plan,
  { rollups }: Applied,
  cut: readonly number[] | null,
): ReadonlyMap<string, readonly number[]> {
  return new Map(
    plan.rollups.flatMap(({ table }) => {
      const version = rollups[table];
      const isNew = version === undefined || version.stage === 'asked';
      const from = isNew ? cut : (version.fill?.cut ?? null);
      return from === null ? [] : [[table, from] as const];
    }),
  );
}
