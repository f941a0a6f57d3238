import type { WindowPlan } from '../plan/plan.ts';
import type { WindowVersion } from '../ports/window-versions.ts';
import type { Place } from './rollup-tables.ts';

/** How far a version of a rollup or a window is. */
export interface VersionStatus {
  readonly kind: 'rollup' | 'window';
  readonly name: string;
  readonly version: number;
  /** `ready`: readers see it. `kept`: they may go back to it. */
  readonly state: 'creating' | 'filling' | 'ready' | 'kept' | 'dropping';
  /** What it was replayed from; null if its definition made it. */
  readonly from: 'archive' | 'log' | 'events' | null;
  readonly since: string | null;
  readonly until: string | null;
  /** Events that it is made of, of those that were there before it, and how many of them it has. */
  readonly events_to_fill: number;
  readonly events_filled: number;
}

export const rollupStatus = ({
  rollup,
  stage,
  replay,
  events,
  eventsDone,
}: Place): VersionStatus => ({
  kind: 'rollup',
  name: rollup.name,
  version: rollup.version,
  state: stage,
  from: replay?.from ?? null,
  since: timeText(replay?.sinceMs ?? null),
  until: timeText(replay?.untilMs ?? null),
  events_to_fill: events,
  events_filled: eventsDone,
});

export const windowStatus = ({
  window,
  stage,
  replay,
}: WindowVersion<WindowPlan>): VersionStatus => ({
  kind: 'window',
  ...{ name: window.name, version: window.version, state: stage },
  ...{ from: replay?.from ?? null, since: null, until: null },
  events_to_fill: replay?.events ?? 0,
  events_filled: replay?.eventsDone ?? 0,
});

const timeText = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();
