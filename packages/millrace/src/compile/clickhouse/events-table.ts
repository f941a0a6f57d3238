import { mappingOf, nullable, type SqlType, typedPaths } from '../../define/property-types.ts';
import type { Partitioning, Plan } from '../../plan/plan.ts';
import {
  type ColumnDefinition,
  type CreateTable,
  call,
  column,
  type Expression,
  type IndexDefinition,
  infix,
  literal,
  tuple,
} from './nodes.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';

export const eventsTable = 'events';

/** The columns that a line of the log gives, hidden ones included. */
export const eventsInsertColumns = [
  'event_id',
  'type',
  'timestamp',
  'received_at',
  'appended_at',
  'late',
  'user_id',
  'anonymous_id',
  'session_id',
  'properties',
  'context',
] as const;

/** Every event, once. One column holds all properties, the declared ones at their types. */
export const createEventsTable = (plan: Plan, database: string): CreateTable => ({
  node: 'create table',
  name: { database, table: eventsTable },
  columns: columns(plan),
  indexes: [finder('event_id'), finder('user_id')],
  engine: 'MergeTree',
  partitionBy: tuple(period(plan.partitioning), typeGroup(plan.partitioning)),
  orderBy: [column('type'), column('timestamp')],
  ttl: ttl('timestamp', plan.keepMs),
  settings: {
    ...durableSettings(plan.partitioning),
    // What is inserted is one file for all columns: with a file for each, a part
    // costs several times as much to create. Merged parts outgrow it.
    min_bytes_for_wide_part: compactBytesMax,
    // Every JSON keeps the names beyond its own in as many pieces, of eight files each:
    // 8 and 32 by default, those within a declared array of objects too.
    object_shared_data_buckets_for_compact_part: 1,
    object_shared_data_buckets_for_wide_part: 1,
    // By day, parts go whole; by month, what is left of them is written anew.
    ttl_only_drop_parts: plan.partitioning.by === 'day' ? 1 : 0,
  },
});

const compactBytesMax = 128 * 1024 * 1024;

const time = mappingOf({ kind: 'timestamp' }).clickhouse;
const text: SqlType = { name: 'String' };

// Codecs and indexes cost no insert rate that could be measured; the codecs
// save 40 % of the disk. LZ4 cannot shorten random ids, ZSTD can.
const small = [call('ZSTD', literal(1))];
const rising = [call('Delta', literal(8)), call('ZSTD', literal(1))];

const columns = (plan: Plan): ColumnDefinition[] => [
  { name: 'event_id', type: text, codec: small },
  { name: 'type', type: { name: 'LowCardinality', parameters: [text] } },
  { name: 'timestamp', type: time, codec: rising },
  { name: 'received_at', type: time, codec: rising },
  { name: 'user_id', type: nullable(text), codec: small },
  { name: 'anonymous_id', type: nullable(text), codec: small },
  { name: 'session_id', type: nullable(text), codec: small },
  propertiesColumn(plan),
  {
    name: 'context',
    type: {
      name: 'JSON',
      settings: { max_dynamic_types: typesMax, max_dynamic_paths: contextPathsMax },
    },
    codec: small,
  },
  { name: 'late', type: { name: 'Bool' } },
  // `SELECT *` leaves out materialized columns, an insert may still give them.
  hidden('_partition', { name: 'UInt32' }, literal(0)),
  hidden('_offset', { name: 'UInt64' }, literal(0), rising),
  hidden('appended_at', time, column('received_at'), rising),
];

const hidden = (
  name: string,
  type: SqlType,
  expression: Expression,
  codec?: readonly Expression[],
): ColumnDefinition => ({
  name,
  type,
  value: { kind: 'MATERIALIZED', expression },
  ...(codec ? { codec } : {}),
});

/** Finds the few granules that may hold one id, without reading the column. */
const finder = (name: string): IndexDefinition => ({
  name: `${name}_bloom`,
  on: column(name),
  type: call('bloom_filter', literal(0.01)),
  granularity: 1,
});

/**
 * Undeclared names that get a subcolumn of their own. Those beyond share one,
 * which is slower to read but keeps the files of a part, and their fsyncs, few.
 */
const propertiesPathsMax = 64;
const contextPathsMax = 32;

/**
 * Types that one such name has files of its own for; values of all others share one,
 * each with its type. An array of objects is a type for each depth, with names and types in
 * it: at 32, the engine's default, whoever may send events makes parts of tens of
 * thousands of files, all of them open while two are merged. And once a name has as
 * many as it may have, an integer becomes the float that is there, which is not what was sent.
 */
const typesMax = 0;

export const propertiesColumn = (plan: Plan): ColumnDefinition => ({
  name: 'properties',
  type: propertiesType(plan),
  codec: small,
});

/** One name has one type across a pipeline, so the events' properties fit into one set of paths. */
export const propertiesType = (plan: Plan): SqlType => {
  const shape = Object.fromEntries(
    plan.events.flatMap(({ properties }) => properties.map(({ name, type }) => [name, type])),
  );
  return {
    name: 'JSON',
    settings: { max_dynamic_types: typesMax, max_dynamic_paths: propertiesPathsMax },
    fields: typedPaths(shape),
  };
};

const period = ({ by }: Partitioning): Expression =>
  call(by === 'day' ? 'toYYYYMMDD' : 'toYYYYMM', column('timestamp'));

const typeGroup = ({ ownTypes }: Partitioning): Expression =>
  ownTypes === null
    ? column('type')
    : call(
        'if',
        infix('IN', column('type'), tuple(...ownTypes.map(literal))),
        column('type'),
        literal(''),
      );
