/** By which ids events name the person who is forgotten: one of them is enough. */
export interface Person {
  readonly userId: string | null;
  readonly anonymousId: string | null;
}

/** Offsets [from, to) of the log of events. */
export type OffsetRange = readonly [from: number, to: number];

/** Buckets that have numbers of forgotten events in them. */
export interface TouchedRollup {
  readonly rollup: string;
  /** The tables of its versions that have them. */
  readonly tables: readonly string[];
  /** From the first instant of a bucket to the end of one, ISO 8601 in UTC; in order, apart from each other. */
  readonly ranges: readonly { readonly since: string; readonly until: string }[];
}

/** What there was of a person when the order was given. */
export interface FoundTraces {
  readonly events: number;
  /** Offsets in the log of dead letters. */
  readonly letters: readonly number[];
  /** Offsets of the events of theirs that the archive has, ascending. */
  readonly archived: readonly number[];
  readonly rollups: readonly TouchedRollup[];
}

/** An order that is not carried out yet: the only place that names the person. */
export interface ForgetOrder {
  readonly id: string;
  readonly person: Person;
  /** Whether rollups are made anew without them. */
  readonly rebuild: boolean;
  readonly orderedAtMs: number;
  /** What was accepted before the order: offsets in the logs of events and of dead letters. */
  readonly before: number;
  readonly lettersBefore: number;
  /** Null until all is found; nothing is removed before. */
  readonly found: FoundTraces | null;
  /** Results of windows that ended before it (epoch ms) are to go; null until their events are gone. */
  readonly resultsBeforeMs: number | null;
  /** Whether the store has nothing of them any more. */
  readonly removed: boolean;
  /** Before this offset the archive has nothing of them any more; null where there was no archive. */
  readonly archivedTo: number | null;
  /** Rollups that cannot be made anew: nobody has all of their events any more. */
  readonly notRebuilt: readonly string[];
}

/** What was done. It does not say for whom. */
export interface ForgetReceipt {
  readonly id: string;
  readonly ordered_at: string;
  /** Null while it is under way. */
  readonly done_at: string | null;
  /** Events that were removed; null until they are counted. */
  readonly events: number | null;
  readonly dead_letters: number | null;
  /** Of these: those that the archive had. Null while that is not known, and where Millrace knows of no archive. */
  readonly archived: number | null;
  /** Rollups that keep numbers of them: which buckets, in which tables. */
  readonly rollups: readonly TouchedRollup[];
  /** Rollups that were made anew without them. */
  readonly rebuilt: readonly string[];
  /** Rollups and windows whose rows under the person's ids were removed. */
  readonly rows_removed_from: readonly string[];
  /** Until when the log may have their lines, at the earliest; null if it forgets nothing. */
  readonly log_until: string | null;
}

export interface ForgetProgress {
  readonly underWay: ForgetOrder | null;
  /** Events that were forgotten, or are being: no reader of the log or the archive gets them. */
  readonly offsets: readonly OffsetRange[];
  readonly done: readonly ForgetReceipt[];
}

export interface ForgetProgressKeeper {
  /** What was saved last; null at first. */
  read(): Promise<ForgetProgress | null>;
  /** Resolves once it would be read back after a crash. */
  save(progress: ForgetProgress): Promise<void>;
}
