/** What `/v1/status` answers. Counts are of the whole life of the data folder, or of the topics and tables. Null is what is not known. */
export interface Status {
  readonly pipeline: string;
  readonly version: string;
  readonly runtime: 'embedded' | 'distributed';
  readonly started_at: string;
  /** Events answered with success, duplicates among them. */
  readonly accepted: number | null;
  /** Events that can be queried. */
  readonly stored: number;
  /** Accepted events that were dropped because their id was there already. */
  readonly duplicates: number | null;
  /** Stored events whose timestamp was older than the allowed lateness when they came. */
  readonly late: number;
  /** Events that were refused and kept. */
  readonly dead_letters: number;
  /** Accepted events a second, over the last ten seconds. */
  readonly events_per_second: number;
  /** How long the oldest accepted event that cannot be queried yet has waited, at most. */
  readonly lag_ms: number | null;
  /** Everything that was in the log before this moment can be queried. */
  readonly as_of: string | null;
  /** Why events do not get into the store at the moment; null when they do. */
  readonly problem: string | null;
  readonly rollups: readonly RollupStatus[];
  readonly windows: readonly WindowStatus[] | null;
  readonly alerts: readonly AlertStatus[] | null;
  /** Null where this process does not archive. */
  readonly archive: ArchiveStatus | null;
  readonly sizes: {
    readonly log_bytes: number | null;
    readonly store_bytes: number;
    readonly dedup_ids: number | null;
    readonly dedup_memory_bytes: number | null;
    readonly dedup_spilled_ids: number | null;
  };
}

export interface ArchiveStatus {
  /** Events in the log that the archive does not have yet; null until that is known. */
  readonly waiting: number | null;
  /** Why they do not get there at the moment; null when they do. */
  readonly problem: string | null;
  /** Small objects that larger ones have taken the place of since this process began. */
  readonly compacted: number;
  /** Why none are put together at the moment; null when they are, or need not be. */
  readonly compaction_problem: string | null;
}

export interface RollupStatus {
  readonly name: string;
  /** That of its definition. */
  readonly version: number;
  /** `filling` until it has the events that were stored before it. */
  readonly state: 'filling' | 'ready';
  /** What answers: while a version is filled, the one before it, or `events` if there is none. */
  readonly served_by: string;
  /** Events that were stored before it, and how many of them it has by now. */
  readonly events_to_fill: number;
  readonly events_filled: number;
  /** What happened before this it may lack, because events were gone when it was filled; null if nothing. */
  readonly complete_since: string | null;
}

export interface WindowStatus {
  readonly name: string;
  /** That of its definition. */
  readonly version: number;
  /** Windows that end up to here have their results. */
  readonly results_until: string;
  /** The watermark at which results are written next. */
  readonly next_end: string;
  /** How long ago the watermark passed that; 0 while it is still to come. */
  readonly lag_ms: number;
}

export interface AlertStatus {
  readonly name: string;
  /** The window it is about. */
  readonly window: string;
  /** Results whose call was not answered well yet, counted up to 10,000; null until it has begun. */
  readonly pending_calls: number | null;
  /** Since the start; null if there was none. */
  readonly last_failure: CallFailure | null;
}

export interface CallFailure {
  readonly at: string;
  readonly message: string;
}
