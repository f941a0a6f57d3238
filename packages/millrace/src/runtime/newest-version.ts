import type { Plan } from '../plan/plan.ts';

/** The newest version that a plan knows of by a name; 0 if there is none. */
export const newestVersion = ({ rollups, windows, retired }: Plan, name: string): number =>
  Math.max(
    0,
    ...[...rollups, ...windows, ...retired]
      .filter((one) => one.name === name)
      .map(({ version }) => version),
  );
