import type { LoadProgress } from './progress.ts';

/** What is known of the tables of rollups, and of the events that they are filled from. */
export interface RollupProgress<Rollup> {
  /** Events that happened before this (epoch ms) may have been dropped by age; null if none was. */
  readonly eventsGoneBeforeMs: number | null;
  /** Every table there is or may be, by its name. */
  readonly tables: { readonly [table: string]: RollupPlace<Rollup> };
  /** The newest version that a replay ever gave out, by the rollup's name; absent where none did. */
  readonly replayed?: { readonly [name: string]: number };
}

/** One version of a rollup: a table and the view that brings each insert into it. */
export interface RollupPlace<Rollup> {
  /** What it computes. */
  readonly rollup: Rollup;
  /**
   * `creating`: nothing in it counts, after a crash it is made anew. `filling`:
   * it has what comes, and of what was there the part before `doneToMs`.
   * `ready`: it has all. `kept`: it has all, and readers may go back to it.
   * `dropping`: nobody reads it any more.
   */
  readonly stage: 'creating' | 'filling' | 'ready' | 'kept' | 'dropping';
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
  /** Where it was asked for, though what it computes had not changed. */
  readonly replay?: RollupReplay;
}

/** A version that was asked for, to take the place of one that computes the same. */
export interface RollupReplay {
  /** What it is filled from: the archive as far as it reaches and then the log; the log; the stored events. */
  readonly from: 'archive' | 'log' | 'events';
  /** Buckets that begin at it or later, … (epoch ms, the bound of a bucket; null: all) */
  readonly sinceMs: number | null;
  /** … and before it, are replayed. The others are those of the version before. */
  readonly untilMs: number | null;
  /** Whether it has those others. */
  readonly copied: boolean;
  /** How far the archive and the log have been read. */
  readonly loaded: LoadProgress;
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
