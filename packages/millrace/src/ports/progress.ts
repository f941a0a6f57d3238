/** Offsets [from, to) of one log partition. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
}

/**
 * How far a loader is. `intents` are the ranges it has begun beyond `committed`,
 * in order and without gaps: after a crash exactly these are inserted again,
 * under the same tokens, before anything else.
 */
export interface LoadProgress {
  readonly committed: number;
  readonly intents: readonly LogRange[];
}

export interface ProgressKeeper {
  /** What was saved last; offset 0 without intents at first. */
  read(): Promise<LoadProgress>;
  /** Resolves once it would be read back after a crash. */
  save(progress: LoadProgress): Promise<void>;
}
