import type { Partitioning } from '../../plan/plan.ts';
import type { Settings } from './nodes.ts';

/** Inserts whose tokens a table remembers. The loader repeats only its newest; this is ample. */
const insertsRemembered = 100;

/** For how many parts a table remembers tokens, of which one insert may make many. */
export const partsRemembered = ({ partsPerInsertMax }: Partitioning): number =>
  partsPerInsertMax * insertsRemembered;

/**
 * Settings of every table the loader fills, directly or through a view: what is
 * inserted is on disk, a merge's result too before its sources go, and the same
 * token changes nothing twice.
 */
export const durableSettings = (partitioning: Partitioning): Settings => ({
  non_replicated_deduplication_window: partsRemembered(partitioning),
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  min_rows_to_fsync_after_merge: 1,
  min_compressed_bytes_to_fsync_after_merge: 1,
});
