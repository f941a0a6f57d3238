import type {
  CreateDistributedTable,
  CreateTable,
  Definition,
  Placed,
  Select,
  TableName,
} from './nodes.ts';
import { print } from './printer.ts';
import { replicatedSettings } from './table-settings.ts';

/**
 * ClickHouse on several servers. Each defines the macros `shard` and `replica`,
 * and has this cluster among its `remote_servers`, with `internal_replication`.
 */
export interface Cluster {
  /** As the servers' configuration calls it. */
  readonly name: string;
}

/** Definitions as text: as they are for one server, or as they become on a cluster. */
export const printDefinitions = (
  definitions: readonly Definition[],
  cluster: Cluster | undefined,
): readonly string[] =>
  (cluster ? definitions.flatMap((one) => onCluster(one, cluster)) : definitions).map(print);

/**
 * The table that holds the rows of one shard. The table's own name is for readers:
 * it reads all shards.
 */
export const shardTable = ({ database, table }: TableName): TableName => ({
  database,
  table: `${table}__local`,
});

/** Done once, on any server, it is done on all. */
export const placedOn = (cluster: Cluster | undefined): Placed =>
  cluster ? { onCluster: cluster.name } : {};

const onCluster = (
  definition: Definition,
  cluster: Cluster,
): readonly (Definition | CreateDistributedTable)[] => {
  const everywhere = placedOn(cluster);
  switch (definition.node) {
    case 'create database':
    case 'create view':
      return [{ ...definition, ...everywhere }];
    case 'create table':
      return [
        { ...replicated(definition), ...everywhere },
        {
          node: 'create distributed table',
          name: definition.name,
          cluster: cluster.name,
          of: shardTable(definition.name),
          ...everywhere,
        },
      ];
    case 'create null table':
      // An insert passes through it on the server that it comes to.
      return [
        {
          ...definition,
          name: shardTable(definition.name),
          like: shardTable(definition.like),
          ...everywhere,
        },
      ];
    case 'create materialized view':
      // It sees the rows of an insert only in the table that is inserted into.
      return [
        {
          ...definition,
          to: shardTable(definition.to),
          select: ofShard(definition.select),
          ...everywhere,
        },
      ];
    case 'alter table': {
      const { change } = definition;
      const local = { ...definition, name: shardTable(definition.name), ...everywhere };
      switch (change.kind) {
        case 'modify column':
          return [local, { ...definition, ...everywhere }];
        case 'attach partition':
          return [{ ...local, change: { ...change, from: shardTable(change.from) } }];
        default:
          return [local];
      }
    }
    case 'drop': {
      const all = { ...definition, ...everywhere };
      return definition.what === 'TABLE'
        ? [all, { ...all, name: shardTable(definition.name) }]
        : [all];
    }
  }
};

/**
 * With a path of its own instead of the default one, which holds the table's id: a
 * server that joins later makes the table under another id, and would stay alone.
 */
const replicated = (table: CreateTable): CreateTable => {
  const name = shardTable(table.name);
  return {
    ...table,
    name,
    replication: {
      path: `/clickhouse/tables/{shard}/${name.database}/${name.table}`,
      replica: '{replica}',
    },
    settings: replicatedSettings(table.settings),
  };
};

const ofShard = (select: Select): Select => ({ ...select, from: sourceOfShard(select.from) });

const sourceOfShard = (from: Select['from']): Select['from'] => {
  if ('table' in from) return shardTable(from);
  if ('union' in from) return { union: from.union.map(ofShard) };
  return 'given' in from ? from : ofShard(from);
};
