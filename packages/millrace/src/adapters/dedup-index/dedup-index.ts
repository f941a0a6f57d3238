import type { Disk } from '../../ports/disk.ts';
import type { RunFile } from './run-file.ts';

/**
 * Tells whether an event id was admitted before, exactly, for two dedup windows.
 *
 * An id seen again within a window of its first admission is always a
 * duplicate; one older than three windows is always new; in between it is known
 * while it is kept. A duplicate does not renew the time of its id. A clock that
 * steps back by less than a window changes none of this.
 */
export interface DedupIndex {
  /**
   * For each key in order: 1 in `fresh` if it is new (and is now remembered), 0
   * if it was seen within the window. `hashes` holds 16 bytes for each new key,
   * in order. A key repeated inside one call is new once. `at` is in epoch ms.
   *
   * @throws MillraceError `log_full` if ids on disk cannot be written or read;
   *   then none of the keys is remembered.
   */
  admit(
    keys: readonly string[],
    at: number,
  ): { fresh: Uint8Array; freshCount: number; hashes: Buffer };
  /** Undo `admit` for records that could not be written. */
  forget(hashes: Uint8Array, at: number): void;
  /**
   * Recovery: remember hashes that were admitted at `at` (epoch ms). Slices may
   * be loaded in any order; tens of megabytes at a time are fastest.
   */
  load(hashes: Uint8Array, at: number): void;
  /**
   * Remember the ids of a run as if they were loaded, and leave them where they
   * are. From then on the index closes it: when its ids expire, or with the
   * index. Runs that it takes the place of are closed.
   */
  attach(run: RunFile, inPlaceOf?: readonly RunFile[]): void;
  /**
   * Of a run that is attached, whose ids are all known without it: memory may let
   * go of those that it has. It does so, as others arrive, once it has more than
   * `residentIdsMin`; until then the run need not be asked.
   */
  unload(run: RunFile): void;
  /** What memory has of a run, and what it is given again by `load`, it keeps. Before `detach`. */
  stopUnloading(run: RunFile): void;
  /** Forgets the ids of a run but those known otherwise, and closes it. */
  detach(run: RunFile): void;
  /** Length of the time slices in which ids expire; a log segment never spans two slices. */
  readonly sliceMs: number;
  /**
   * How many slices the ids of a run may span. It expires with its newest, and
   * its oldest must not outlive three windows.
   */
  readonly slicesPerRunMax: number;
  /** Time before which remembered ids matter no more (for deleting id files). */
  horizon(now: number): number;
  /** Expire and spill by time; cheap, called once per group commit. */
  advance(now: number): void;
  close(): void;
  /** Ids remembered, in memory and on disk (there with those that were forgotten since). */
  readonly ids: number;
  /**
   * At most what was given, and 100 bytes for each id that was on disk when it was
   * forgotten, and 2 for each id of a run that memory has yet to let go of.
   */
  readonly memoryBytes: number;
  readonly spilledIds: number;
  readonly spilledBytes: number;
}

export interface DedupIndexOptions {
  /** How long, by arrival, an id seen again is a duplicate. */
  readonly windowMs: number;
  /** Beyond this, ids go to files in `spillFolder`. `load` uses up to 64 MB more while it runs. */
  readonly memoryBytesMax: number;
  /** Its `*.run` files are removed when the index opens: they are a cache of what `load` is given. */
  readonly spillFolder: string;
  /** 16 random bytes, the same for the life of a data folder. */
  readonly hashKey: Uint8Array;
  /** So many ids stay in memory, if it is large enough, though runs have them too. By default 4 million. */
  readonly residentIdsMin?: number;
  readonly disk?: Disk;
}
