import type { Place, RollupTables } from '../rollups/rollup-tables.ts';

/** That a rollup is being filled, how far it is, and what is read meanwhile. */
export function fillNews({ rollup, events, eventsDone }: Place, tables: RollupTables): string {
  const meanwhile = tables.ready(rollup.name)
    ? 'until then it answers as it did before'
    : 'until then it answers from the events';
  return `rollup ${rollup.name} v${rollup.version} is being filled: ${eventsDone} of ${events} events; ${meanwhile}`;
}

/** That readers see it from now on, and since when it has everything. */
export function switchNews({ rollup, eventsDone, completeSinceMs }: Place): string {
  const since =
    completeSinceMs === null
      ? ''
      : `; events from before ${new Date(completeSinceMs).toISOString()} were gone already`;
  return `rollup ${rollup.name} v${rollup.version} is filled from ${eventsDone} events and answers from now on${since}`;
}
