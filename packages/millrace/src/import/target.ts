import type { Rejection } from '../collect/collector.ts';
import type { Refusal } from '../collect/refusals.ts';
import type { ImportKey, ImportState } from './ledger.ts';

/** Rows [from, to) of an import, in its order. */
export interface ImportChunk {
  readonly key: ImportKey;
  readonly from: number;
  readonly to: number;
  /** Of those rows that are to be events; a Refusal stands for one that can be none. */
  readonly events: readonly (Readonly<Record<string, unknown>> | Refusal)[];
  /** The row of an event, as it is kept if it is refused. */
  raw(index: number): string;
}

export interface ChunkReceipt {
  readonly accepted: number;
  /** Of the accepted ones: those that were there already. */
  readonly duplicates: number;
  /** `index` is the place in `events`. */
  readonly rejected: readonly Rejection[];
}

/** Where an import goes: the pipeline in this process, or one in another. */
export interface ImportTarget {
  imports(file: string): Promise<readonly ImportState[]>;
  /**
   * Resolves once the events are durable. A chunk that is there already, as
   * when an answer got lost, changes nothing.
   *
   * @throws MillraceError `import_conflict` if `from` is not where the import
   *   is, or codes of status 429 and 503: the same chunk may be sent again later.
   */
  append(chunk: ImportChunk): Promise<ChunkReceipt>;
  /** Notes that the file has no more than these rows. */
  finish(key: ImportKey, rows: number): Promise<void>;
  /** Resolves once everything appended so far can be queried. @throws as `append`. */
  settle(): Promise<void>;
}
