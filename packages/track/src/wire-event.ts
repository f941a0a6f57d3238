import type { EventOptions } from './typed-events.ts';

/** An event as `POST /v1/events` takes it. */
export interface WireEvent {
  readonly event_id: string;
  readonly type: string;
  /** Epoch ms, by the clock of this device. */
  readonly timestamp: number;
  readonly user_id?: string | undefined;
  readonly anonymous_id?: string | undefined;
  readonly session_id?: string | undefined;
  readonly properties?: unknown;
  readonly context: { readonly [name: string]: unknown };
}

/** Who did it, where the event does not say itself. */
export type Who = Pick<WireEvent, 'user_id' | 'anonymous_id' | 'session_id'>;

export interface Happened {
  readonly id: string;
  readonly nowMs: number;
  readonly who: Who;
  readonly context: WireEvent['context'];
}

export const wireEvent = (
  type: string,
  properties: unknown,
  options: EventOptions,
  { id, nowMs, who, context }: Happened,
): WireEvent => ({
  event_id: options.eventId ?? id,
  type,
  timestamp: Number(options.timestamp ?? nowMs),
  user_id: options.userId ?? who.user_id,
  anonymous_id: options.anonymousId ?? who.anonymous_id,
  session_id: options.sessionId ?? who.session_id,
  properties,
  context: { ...context, ...options.context },
});
