import type { LoadProgress } from './progress.ts';

/** What is known of the tables that have results of windows. */
export interface WindowVersions<Window> {
  /** Every table there is or may be, by its name. */
  readonly tables: { readonly [table: string]: WindowVersion<Window> };
  /** The newest version that a replay ever gave out, by the window's name. */
  readonly replayed: { readonly [name: string]: number };
}

/** One version of a window: a table of its results. */
export interface WindowVersion<Window> {
  /** What it computes. */
  readonly window: Window;
  /**
   * The table of the version that the definition made: a replay gives it another, and its results are
   * those of the same window all the same.
   */
  readonly definedAs: string;
  /**
   * `creating`: nothing in it counts. `filling`: it gets what comes, and is being given what was before.
   * `ready`: readers see it. `kept`: they may go back to it. `dropping`: nobody reads it any more.
   */
  readonly stage: 'creating' | 'filling' | 'ready' | 'kept' | 'dropping';
  /** Null if its definition made it. */
  readonly replay: WindowReplay | null;
}

/** A version that was asked for, to take the place of one that computes the same. */
export interface WindowReplay {
  /** What it is computed from: the archive as far as it reaches and then the log; the log; the stored events. */
  readonly from: 'archive' | 'log' | 'events';
  /** From events below this offset … */
  readonly cut: number;
  /** … it has the results of windows that end up to this (epoch ms); those that end later came as they come live. */
  readonly toMs: number;
  /** How many events there are to read, and how many are. */
  readonly events: number;
  readonly eventsDone: number;
  /** How far the archive and the log have been read; null once they have, and for stored events. */
  readonly loaded: LoadProgress | null;
  /** It has the results of windows that end up to this (epoch ms). */
  readonly doneToMs: number;
  /** If it is there, that step was begun: after a crash exactly it is repeated, under the same token. */
  readonly intent: WindowStep | null;
  /** What its results say of when they were written (epoch ms). */
  readonly emittedAtMs: number;
}

/** Windows that end later than `fromMs` and up to `toMs` (epoch ms). */
export interface WindowStep {
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: number;
}

export interface WindowVersionsKeeper<Window> {
  /** What was saved last; null at first. */
  read(): Promise<WindowVersions<Window> | null>;
  /** Resolves once it would be read back after a crash. */
  save(versions: WindowVersions<Window>): Promise<void>;
}
