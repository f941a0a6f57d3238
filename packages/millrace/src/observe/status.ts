/** What `/v1/status` answers. Counts are of the whole life of the data folder. */
export interface Status {
  readonly pipeline: string;
  readonly version: string;
  readonly runtime: 'embedded';
  readonly started_at: string;
  /** Events answered with success, duplicates among them. */
  readonly accepted: number;
  /** Events that can be queried. */
  readonly stored: number;
  /** Accepted events that were dropped because their id was there already. */
  readonly duplicates: number;
  /** Stored events whose timestamp was older than the allowed lateness when they came. */
  readonly late: number;
  /** Events that were refused and kept. */
  readonly dead_letters: number;
  /** Accepted events a second, over the last ten seconds. */
  readonly events_per_second: number;
  /** How long the oldest accepted event that cannot be queried yet has waited, at most. */
  readonly lag_ms: number;
  /** Everything accepted before this append time can be queried. */
  readonly as_of: string;
  /** Why events do not get into the store at the moment; null when they do. */
  readonly problem: string | null;
  readonly sizes: {
    readonly log_bytes: number;
    readonly store_bytes: number;
    readonly dedup_ids: number;
    readonly dedup_memory_bytes: number;
    readonly dedup_spilled_ids: number;
  };
}
