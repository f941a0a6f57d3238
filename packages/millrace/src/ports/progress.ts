/** Offsets [from, to) of one log partition. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
}

/** Until when a range may be inserted under its token, where others could insert it later. */
export interface InsertDeadline {
  /** In the store's own time (epoch ms): what has not begun to land by then never does. */
  readonly atMs: number;
  /** How many parts the table had had before the first insert under the token. */
  readonly sinceParts: number;
  /** Whether some of the rows are there under a token since forgotten: the others alone are inserted. */
  readonly onlyMissing: boolean;
}

/** A range whose insert has begun. */
export interface LoadIntent extends LogRange {
  readonly deadline?: InsertDeadline;
}

/**
 * How far a loader is. `intents` are the ranges it has begun beyond `committed`,
 * in order and without gaps: after a crash exactly these are inserted again,
 * under the same tokens, before anything else.
 */
export interface LoadProgress {
  readonly committed: number;
  readonly intents: readonly LoadIntent[];
}

export interface ProgressKeeper {
  /**
   * What was saved last; offset 0 without intents at first. Where progress goes
   * from one loader to another it rejects once that has happened.
   */
  read(): Promise<LoadProgress>;
  /** Resolves once it would be read back after a crash. */
  save(progress: LoadProgress): Promise<void>;
}
