import type { LogReader } from '../ports/log.ts';
import type { LogRange } from '../ports/progress.ts';
import type { Store } from '../ports/store.ts';
import type { VerifyProgress } from './report.ts';

/** The questions, in the store's dialect. */
export interface EventStatements {
  readonly hoursOfGiven: string;
  readonly rowsOfGiven: string;
  readonly hoursOfStored: (ranges: readonly LogRange[]) => string;
  readonly rowsOfStored: (range: LogRange, rowsMax: number) => string;
  /** Rows of other partitions, or with offsets that the log has not given yet. */
  readonly rowsOutside: (end: number, rowsMax: number) => string;
  readonly refusedLines: (ids: readonly string[]) => string;
}

export interface VerifyEventsOptions {
  readonly log: LogReader;
  readonly store: Store;
  readonly statements: EventStatements;
  readonly table: string;
  readonly columns: readonly string[];
  readonly partition: number;
  /** One past the last record that is stored. */
  readonly cut: number;
  /** The first hour (from the epoch) of which nothing has been removed by age. */
  readonly keptFromHour: () => number;
  /** How many records of [from, to) were forgotten: the log that is read does not have them. */
  readonly forgottenIn: (from: number, to: number) => number;
  readonly onProgress: (progress: VerifyProgress) => void;
  readonly signal: AbortSignal;
  /** Read at once: what bounds the memory this takes. */
  readonly rowsMax?: number;
  readonly bytesMax?: number;
}
