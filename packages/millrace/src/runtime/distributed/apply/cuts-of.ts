import type { Applied } from './applied.ts';
import type { Desired } from './cluster.ts';
import type { WindowCut } from './window-version.ts';

/** What the store has. */
export interface StoredNow {
  /**
   * By partition of the clean log, up to where it has the events, none of which a version
   * that is made now would see otherwise; null if it has none.
   */
  readonly cut: readonly number[] | null;
  /** Whether the table of a version that was made is gone with all events: it is made anew. */
  readonly isLost: (table: string) => boolean;
}

/** By the tables of rollups and windows whose jobs do not read from the beginning, where each begins. */
export function cutsOf(
  { plan, beside }: Pick<Desired, 'plan' | 'beside'>,
  { rollups, windows }: Applied,
  { cut, isLost }: StoredNow,
  windowCuts: ReadonlyMap<string, WindowCut>,
): ReadonlyMap<string, readonly number[]> {
  const ofRollups = [...plan.rollups, ...beside.rollups].flatMap((rollup) => {
    const { table } = rollup;
    const version = rollups[table];
    const isMadeAnew = plan.rollups.includes(rollup) && isLost(table);
    const isNew = version === undefined || version.stage === 'asked' || isMadeAnew;
    const from = isNew ? cut : (version.fill?.cut ?? null);
    return from === null ? [] : [[table, from] as const];
  });
  const ofWindows = [...plan.windows, ...beside.windows].flatMap((window) => {
    const { table } = window;
    const isMadeAnew = plan.windows.includes(window) && isLost(table);
    const from = windowCuts.get(table) ?? (isMadeAnew ? null : windows[table]?.fill);
    return from ? [[table, from.begins] as const] : [];
  });
  return new Map([...ofRollups, ...ofWindows]);
}
