/** An event as it is sent. */
export interface SentEvent {
  readonly event_id: string;
  readonly type: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly user_id?: string;
  readonly anonymous_id: string;
  readonly session_id: string;
  readonly properties: { readonly [name: string]: unknown };
}
