/** How far an alert is in the results of its window. */
export interface AlertProgress {
  /** Names the results: those of another condition or table have other places. */
  readonly of: string;
  /** Behind so many of those that end at `endMs` (epoch ms). */
  readonly endMs: number;
  readonly taken: number;
}

export interface AlertProgressKeeper {
  /** What was saved last; null at first. */
  read(): Promise<AlertProgress | null>;
  /** Resolves once it would be read back after a crash. */
  save(progress: AlertProgress): Promise<void>;
}
