/** What is known of the tables of rollups, and of the events that they are filled from. */
export interface RollupProgress<Rollup> {
  /** Events that happened before this (epoch ms) may have been dropped by age; null if none was. */
  readonly eventsGoneBeforeMs: number | null;
  /** Every table there is or may be, by its name. */
  readonly tables: { readonly [table: string]: RollupPlace<Rollup> };
}

/** One version of a rollup: a table and the view that brings each insert into it. */
export interface RollupPlace<Rollup> {
  /** What it computes. */
  readonly rollup: Rollup;
  /**
   * `creating`: nothing in it counts, after a crash it is made anew. `filling`:
   * it has what comes, and of what was there the part before `doneToMs`.
   * `ready`: it has all. `dropping`: nobody reads it any more.
   */
  readonly stage: 'creating' | 'filling' | 'ready' | 'dropping';
  /** Events below this offset were there before the table: they are filled in, all others came through its view. */
  readonly cut: number;
  /** How many events there are to fill in, and how many are. */
  readonly events: number;
  readonly eventsDone: number;
  /** Of the events below the cut it has those that happened before (epoch ms). */
  readonly doneToMs: number;
  /** If it is there, that step was begun: after a crash exactly it is repeated, under the same token. */
  readonly intent: RollupStep | null;
  /**
   * Of what happened before this (epoch ms) it may lack something: events that
   * were gone when it was filled, or what it kept for a shorter time once. Null: nothing.
   */
  readonly completeSinceMs: number | null;
}

/** Events that happened at `fromMs` or later and before `toMs` (epoch ms). */
export interface RollupStep {
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: number;
}

export interface RollupProgressKeeper<Rollup> {
  /** What was saved last; null at first. */
  read(): Promise<RollupProgress<Rollup> | null>;
  /** Resolves once it would be read back after a crash. */
  save(progress: RollupProgress<Rollup>): Promise<void>;
}
