/** What `millrace verify` found. */
export interface VerifyReport {
  /** Whether everything accepted is stored exactly once, and counted so in every rollup. */
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
    /** Offsets whose events were forgotten with a person. */
    readonly forgotten: number;
  };
  /** Hours of event time that were compared. */
  readonly hours: number;
  /** Hours from before this are not compared: `keep` removes their events. Null: none. */
  readonly kept_since: string | null;
  /** Of the log and the events. At most `differencesMax` of them, the earliest first. */
  readonly differences: readonly HourDifference[];
  /** How many there are in all. */
  readonly differing: number;
  /** Of the events and each rollup that readers see. */
  readonly rollups: readonly RollupReport[];
  /** Rollups that have no table with everything yet: readers are answered from the events. */
  readonly being_filled: readonly string[];
  readonly elapsed_ms: number;
}

export const differencesMax = 100;
export const firstMax = 5;
export const outsideMax = 10_000;

export interface HourDifference {
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
  /** Rows whose place in a log no log has. At most `outsideMax` are looked for in all. */
  readonly outside: number;
  readonly first: readonly RowDifference[];
}

export interface RowDifference {
  readonly what: 'lost' | 'doubled' | 'changed' | 'outside';
  readonly event_id: string;
  /** Its place in the log. */
  readonly partition: number;
  readonly offset: number;
}

export interface RollupReport {
  readonly rollup: string;
  readonly version: number;
  /** Hours (or longer buckets, each counted as the hour that it begins with) that were compared. */
  readonly hours: number;
  /** Rows that it should have in them. */
  readonly rows: number;
  /** Hours that were not compared, because forgotten events still count in them. */
  readonly hours_with_forgotten: number;
  /** Buckets that begin before this are not compared: of them, events or numbers are gone by age. Null: none. */
  readonly kept_since: string | null;
  /** At most `differencesMax` of them, the earliest first. */
  readonly differences: readonly RollupDifference[];
  readonly differing: number;
}

export interface RollupDifference {
  /** Its first instant, ISO 8601 in UTC. */
  readonly hour: string;
  /** Rows, each a bucket and its dimensions. */
  readonly expected: number;
  readonly stored: number;
  /** Rows that the events make, and the rollup has not. */
  readonly lost: number;
  /** Rows that no events make. */
  readonly unexpected: number;
  /** Rows with a measure that the events do not make. */
  readonly changed: number;
  readonly first: readonly GroupDifference[];
}

export interface GroupDifference {
  readonly what: 'lost' | 'unexpected' | 'changed';
  readonly bucket: string;
  readonly dimensions: { readonly [name: string]: unknown };
  /** The measures; null if there should be no such row. */
  readonly expected: { readonly [measure: string]: unknown } | null;
  /** The measures; null if there is no such row. */
  readonly stored: { readonly [measure: string]: unknown } | null;
}

export interface VerifyProgress {
  readonly what: string;
  readonly done: number;
  readonly of: number;
}
