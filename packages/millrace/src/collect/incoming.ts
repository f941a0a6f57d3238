import type { Refusal } from './refusals.ts';

/** How an event came in. Kept with what is refused, so that it can be read again the same way. */
export type Protocol = 'native' | 'segment' | 'cloudevents' | 'import';

/** One event in our names, whatever its sender's protocol calls them; nothing is checked yet. */
export interface IncomingEvent {
  readonly event_id?: unknown;
  readonly type?: unknown;
  readonly timestamp?: unknown;
  /** The sender's clock when it sent this. The timestamp is corrected by it. */
  readonly sent_at?: unknown;
  readonly user_id?: unknown;
  readonly anonymous_id?: unknown;
  readonly session_id?: unknown;
  readonly properties?: unknown;
  readonly context?: unknown;
}

export interface IncomingBatch {
  readonly protocol: Protocol;
  /** In the order they came; a Refusal stands for one that could not be read. */
  readonly events: readonly (IncomingEvent | Refusal)[];
  /** True if no string in here can hold a quote, a backslash, a control character or half a surrogate pair. */
  readonly plainStrings: boolean;
  /** The exact bytes of an event as they came. Only asked for what is refused. */
  raw(index: number): Uint8Array;
  /** The sender's trace, as W3C Trace Context writes it: https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string;
  /** When the batch had come in (epoch ms). Default: now. */
  readonly receivedAt?: number;
  /**
   * `timestamp`: for rows of the past. Each counts as received and appended when
   * it happened (or now, if that lies ahead), so that none is late. Default `now`.
   */
  readonly arrival?: 'now' | 'timestamp';
  /**
   * What the log is to know an event by, instead of its id: for one that the log
   * has had, and the store has not.
   */
  readonly keyOf?: (index: number) => string | undefined;
}
