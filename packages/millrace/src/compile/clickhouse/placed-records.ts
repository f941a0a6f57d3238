import type { Plan } from '../../plan/plan.ts';
import { type ColumnDefinition, type CreateTable, column, type TableName } from './nodes.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';

/** Longer than an insert of them may be tried. */
const keptMs = 7 * 86_400_000;

/**
 * A table of records that a view passes on: each has its place in its log, so that
 * it can be seen whether it is there when the store has forgotten the token of its
 * insert.
 */
export const placedRecords = (
  name: TableName,
  columns: readonly ColumnDefinition[],
  plan: Plan,
): CreateTable => ({
  node: 'create table',
  name,
  columns: [
    ...columns,
    { name: '_partition', type: { name: 'UInt32' } },
    { name: '_offset', type: { name: 'UInt64' } },
    {
      name: '_stored_at',
      type: { name: 'DateTime' },
      value: { kind: 'DEFAULT', expression: { node: 'call', name: 'now', arguments: [] } },
    },
  ],
  indexes: [],
  engine: 'MergeTree',
  // One part an insert. By a time of the store's, a repeated insert could meet another part.
  partitionBy: { node: 'tuple', members: [] },
  orderBy: [column('_partition'), column('_offset')],
  ttl: ttl('_stored_at', keptMs),
  settings: durableSettings(plan.partitioning),
});
