/** So many of the last events are shown. */
export const shownMax = 20;

export interface EventRow {
  readonly event_id: string;
  readonly type: string;
  /** Epoch milliseconds, as text. */
  readonly ms: string;
  readonly late: boolean;
  readonly who: string | null;
  readonly properties: { readonly [name: string]: unknown };
}
