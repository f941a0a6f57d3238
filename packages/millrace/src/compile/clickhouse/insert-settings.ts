import type { Plan } from '../../plan/plan.ts';

/**
 * Settings that each insert must be given besides its token, so that one range
 * of the log is one block, lands once in the table and in every rollup, and its
 * JSON is read as it was written.
 */
export const insertSettings = (plan: Plan): { readonly [name: string]: number } => ({
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  insert_allow_materialized_columns: 1,
  max_partitions_per_insert_block: plan.partitioning.partsPerInsertMax,
  throw_on_max_partitions_per_insert_block: 1,
  json_type_escape_dots_in_keys: 1,
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
});
