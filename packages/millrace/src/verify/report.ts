/** What `millrace verify` found. */
export interface VerifyReport {
  /** Whether everything accepted is stored exactly once. */
  readonly equal: boolean;
  readonly log: {
    /** The offsets that were compared: from the oldest the log still has, to what was stored when it began. */
    readonly from: number;
    readonly to: number;
    readonly events: number;
    /** Of these: those that the store refused, and that are dead letters. */
    readonly refused: number;
    /** Offsets whose records the log no longer has: given up, or dropped by its retention meanwhile. */
    readonly missing: number;
  };
  /** Hours of event time that were compared. */
  readonly hours: number;
  /** Hours from before this are not compared: `keep` removes their events. Null: none. */
  readonly kept_since: string | null;
  /** At most `differencesMax` of them, the earliest first. */
  readonly differences: readonly HourDifference[];
  /** How many there are in all. */
  readonly differing: number;
  readonly elapsed_ms: number;
}

export const differencesMax = 100;
export const firstMax = 5;

export interface HourDifference {
  /** `events`, or the rollup's name. */
  readonly table: string;
  /** Its first instant, ISO 8601 in UTC. */
  readonly hour: string;
  readonly expected: number;
  readonly stored: number;
  /** In the log, and not in the table. */
  readonly lost: number;
  /** Rows beyond one for a place in the log. */
  readonly doubled: number;
  /** Rows that say something else than the log. */
  readonly changed: number;
  readonly first: readonly RowDifference[];
}

export interface RowDifference {
  readonly what: 'lost' | 'doubled' | 'changed';
  readonly event_id: string;
  /** Its place in the log. */
  readonly offset: number;
}

export interface VerifyProgress {
  readonly what: string;
  readonly done: number;
  readonly of: number;
}
