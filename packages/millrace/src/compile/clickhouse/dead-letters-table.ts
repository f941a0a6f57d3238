import { mappingOf } from '../../define/property-types.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  type AlterTable,
  type CreateTable,
  call,
  column,
  columnOf,
  type Expression,
  infix,
  literal,
  type Select,
} from './nodes.ts';
import { print } from './printer.ts';
import { durableSettings } from './table-settings.ts';
import { seconds, ttl } from './ttl.ts';

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

/** What each is kept by. */
const letterTimes = {
  [deadLettersTable]: 'received_at',
  [retriedLettersTable]: 'retried_at',
} as const;

export interface DeadLettersOptions {
  readonly database: string;
  /** How long a letter is kept after it came. */
  readonly keepMs: number;
}

/** Every event that was refused, as it came, and why. */
export const createDeadLettersTable = (
  plan: Plan,
  { database, keepMs }: DeadLettersOptions,
): CreateTable => {
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
    ttl: ttl(letterTimes[deadLettersTable], keepMs),
    settings: durableSettings(plan.partitioning),
  };
};

/** The places of the letters whose events were accepted after all. */
export const createRetriedLettersTable = (
  plan: Plan,
  { database, keepMs }: DeadLettersOptions,
): CreateTable => ({
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
  ttl: ttl(letterTimes[retriedLettersTable], keepMs),
  settings: durableSettings(plan.partitioning),
});

export interface RetentionChange {
  /** A question that has a row if the table keeps its rows for another time. */
  readonly differs: string;
  readonly statement: string;
}

/** What gives tables that are there already their retention. */
export const keepDeadLetters = ({
  database,
  keepMs,
}: DeadLettersOptions): readonly RetentionChange[] =>
  Object.entries(letterTimes).flatMap(([table, time]): readonly RetentionChange[] => {
    const kept = ttl(time, keepMs);
    if (kept === null) return [];
    const ofTable = (name: string): Expression => columnOf('t', name);
    const differs: Select = {
      columns: [{ expression: ofTable('name'), as: 'name' }],
      from: { database: 'system', table: 'tables' },
      alias: 't',
      where: infix(
        'AND',
        infix('=', ofTable('database'), literal(database)),
        infix('=', ofTable('name'), literal(table)),
        infix(
          '=',
          call('position', ofTable('engine_full'), literal(`toIntervalSecond(${seconds(keepMs)})`)),
          literal(0),
        ),
      ),
      groupBy: null,
    };
    const alter: AlterTable = {
      node: 'alter table',
      name: { database, table },
      change: { kind: 'modify ttl', ttl: kept },
    };
    return [{ differs: print({ node: 'select', select: differs }), statement: print(alter) }];
  });
