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

/**
 * A shard takes the inserts of many partitions, and remembers theirs too while one
 * partition waits for the next try.
 */
const partitionsRemembered = 10;

/** Longer than any log keeps a record (dead letters: 90 days, twice that in a segment that does not fill). */
const tokensKeptSeconds = 200 * 86_400;

/**
 * The same of a replicated table. Its replicas remember in Keeper, and forget what
 * is older than either bound: by default an hour, which no night's outage ends in.
 * A part fetched from another replica is on disk before it counts for a quorum.
 */
export const replicatedSettings = ({
  non_replicated_deduplication_window: parts,
  ...others
}: Settings): Settings => ({
  ...(typeof parts === 'number'
    ? {
        replicated_deduplication_window: parts * partitionsRemembered,
        replicated_deduplication_window_seconds: tokensKeptSeconds,
      }
    : {}),
  ...others,
  min_compressed_bytes_to_fsync_after_fetch: 1,
});
