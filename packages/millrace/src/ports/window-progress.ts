/** How far each window is, by its table. */
export interface WindowProgress {
  readonly [table: string]: WindowPlace;
}

/**
 * Windows that end up to `emittedMs` are out. If `intent` is there, the next
 * were begun: after a crash exactly these are written again, under the same token.
 */
export interface WindowPlace {
  readonly emittedMs: number;
  readonly intent: WindowIntent | null;
}

export interface WindowIntent {
  readonly toMs: number;
  /** What their results say of when they were written. */
  readonly emittedAtMs: number;
}

export interface WindowProgressKeeper {
  /** What was saved last; empty at first. */
  read(): Promise<WindowProgress>;
  /** Resolves once it would be read back after a crash. */
  save(progress: WindowProgress): Promise<void>;
}
