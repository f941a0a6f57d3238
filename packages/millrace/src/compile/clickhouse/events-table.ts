import { mappingOf, type SqlType } from '../../define/property-types.ts';
import type { Partitioning, Plan, PropertyPlan } from '../../plan/plan.ts';
import {
  type ColumnDefinition,
  call,
  column,
  type Expression,
  infix,
  literal,
  type Statement,
  tuple,
} from './nodes.ts';
import { durableSettings } from './table-settings.ts';
import { ttl } from './ttl.ts';

export const eventsTable = 'events';

/** The columns given with an insert into `events`, hidden ones included. */
export const eventsInsertColumns = [
  '_partition',
  '_offset',
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
export const createEventsTable = (plan: Plan, database: string): Statement => ({
  node: 'create table',
  name: { database, table: eventsTable },
  columns: columns(plan),
  indexes: [],
  engine: 'MergeTree',
  partitionBy: tuple(period(plan.partitioning), typeGroup(plan.partitioning)),
  orderBy: [column('type'), column('timestamp')],
  ttl: ttl('timestamp', plan.keepMs),
  settings: durableSettings(plan.partitioning),
});

const time: SqlType = mappingOf({ kind: 'timestamp' }).clickhouse;
const text: SqlType = { name: 'String' };
const optionalText: SqlType = { name: 'Nullable', parameters: [text] };

const columns = (plan: Plan): ColumnDefinition[] => [
  { name: 'event_id', type: text },
  { name: 'type', type: { name: 'LowCardinality', parameters: [text] } },
  { name: 'timestamp', type: time },
  { name: 'received_at', type: time },
  { name: 'user_id', type: optionalText },
  { name: 'anonymous_id', type: optionalText },
  { name: 'session_id', type: optionalText },
  { name: 'properties', type: propertiesType(plan) },
  { name: 'context', type: { name: 'JSON' } },
  { name: 'late', type: { name: 'Bool' } },
  // `SELECT *` leaves out materialized columns, an insert may still give them.
  hidden('_partition', { name: 'UInt32' }, literal(0)),
  hidden('_offset', { name: 'UInt64' }, literal(0)),
  hidden('appended_at', time, column('received_at')),
];

const hidden = (name: string, type: SqlType, expression: Expression): ColumnDefinition => ({
  name,
  type,
  value: { kind: 'MATERIALIZED', expression },
});

/** One name has one type across a pipeline, so the events' properties fit into one set of paths. */
const propertiesType = (plan: Plan): SqlType => {
  const byName = new Map<string, PropertyPlan>();
  for (const { properties } of plan.events)
    for (const property of properties) byName.set(property.name, property);
  const shape = Object.fromEntries([...byName.values()].map(({ name, type }) => [name, type]));
  return mappingOf({ kind: 'object', properties: shape }).clickhouse;
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
