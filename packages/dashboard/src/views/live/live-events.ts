import { type EventRow, shownMax } from './event-row.ts';

/** What `/v1/live` tells of an event: its line in the log. */
interface LoggedEvent {
  readonly event_id: string;
  readonly type: string;
  /** Epoch milliseconds. */
  readonly received_at: number;
  readonly late: boolean;
  readonly user_id?: string;
  readonly anonymous_id?: string;
  readonly session_id?: string;
  readonly properties?: { readonly [name: string]: unknown };
}

export interface LiveEvents {
  readonly events: readonly { readonly event: LoggedEvent }[];
}

/** The last events once these have come, the newest first. */
export function withNewer(shown: readonly EventRow[], { events }: LiveEvents): readonly EventRow[] {
  const newer = events.map(({ event }) => rowOf(event)).reverse();
  const ids = new Set(newer.map(({ event_id }) => event_id));
  return [...newer, ...shown.filter(({ event_id }) => !ids.has(event_id))].slice(0, shownMax);
}

const rowOf = (event: LoggedEvent): EventRow => ({
  event_id: event.event_id,
  type: event.type,
  ms: String(event.received_at),
  late: event.late,
  who: event.user_id ?? event.anonymous_id ?? event.session_id ?? null,
  properties: event.properties ?? {},
});
