import { mappingOf } from '../../define/property-types.ts';
import { defaults } from '../../plan/defaults.ts';
import type { Plan } from '../../plan/plan.ts';
import { call, column, type Statement } from './nodes.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';

export const deadLettersTable = 'dead_letters';
export const retriedLettersTable = 'dead_letters__retried';

/** The columns that a line of the log gives. `raw_base64` becomes the bytes in `raw`. */
export const deadLettersInsertColumns = [
  'received_at',
  'code',
  'reason',
  'protocol',
  'event_id',
  'type',
  'raw_base64',
] as const;

/** Every event that was refused, as it came, and why. */
export const createDeadLettersTable = (plan: Plan, database: string): Statement => {
  const text = { name: 'String' };
  const word = { name: 'LowCardinality', parameters: [text] };
  const optionalText = { name: 'Nullable', parameters: [text] };
  return {
    node: 'create table',
    name: { database, table: deadLettersTable },
    columns: [
      { name: 'received_at', type: mappingOf({ kind: 'timestamp' }).clickhouse },
      { name: 'code', type: word },
      { name: 'reason', type: text },
      { name: 'protocol', type: word },
      { name: 'event_id', type: optionalText },
      { name: 'type', type: optionalText },
      { name: 'raw_base64', type: text, value: { kind: 'EPHEMERAL' } },
      {
        name: 'raw',
        type: text,
        value: { kind: 'DEFAULT', expression: call('base64Decode', column('raw_base64')) },
      },
      { name: '_partition', type: { name: 'UInt32' } },
      { name: '_offset', type: { name: 'UInt64' } },
    ],
    indexes: [],
    engine: 'MergeTree',
    partitionBy: call('toYYYYMM', column('received_at')),
    orderBy: [column('received_at'), column('_offset')],
    ttl: ttl('received_at', defaults.deadLettersKeepMs),
    settings: durableSettings(plan.partitioning),
  };
};

/** The places of the letters whose events were accepted after all. */
export const createRetriedLettersTable = (plan: Plan, database: string): Statement => ({
  node: 'create table',
  name: { database, table: retriedLettersTable },
  columns: [
    { name: '_partition', type: { name: 'UInt32' } },
    { name: '_offset', type: { name: 'UInt64' } },
    { name: 'retried_at', type: mappingOf({ kind: 'timestamp' }).clickhouse },
  ],
  indexes: [],
  engine: 'MergeTree',
  partitionBy: call('toYYYYMM', column('retried_at')),
  orderBy: [column('_partition'), column('_offset')],
  // A letter is older than its retry, so no letter outlives the note of it.
  ttl: ttl('retried_at', defaults.deadLettersKeepMs),
  settings: durableSettings(plan.partitioning),
});
