import type { SqlType } from '../../define/property-types.ts';

/** The syntax of the statements that are generated, as immutable data. `print` makes text of it. */

export type Expression =
  | { readonly node: 'column'; readonly table?: string; readonly path: readonly string[] }
  | { readonly node: 'literal'; readonly value: string | number | boolean | null }
  | {
      readonly node: 'call';
      readonly name: string;
      readonly parameters?: readonly number[];
      readonly arguments: readonly Expression[];
    }
  | {
      readonly node: 'infix';
      readonly operator: InfixOperator;
      readonly operands: readonly Expression[];
    }
  | { readonly node: 'tuple'; readonly members: readonly Expression[] }
  | { readonly node: 'lambda'; readonly parameters: readonly string[]; readonly body: Expression }
  | {
      readonly node: 'over';
      readonly function: Expression;
      readonly partitionBy: readonly Expression[];
      readonly orderBy: readonly Ordered[];
    }
  | { readonly node: 'cast'; readonly expression: Expression; readonly type: SqlType };

export type InfixOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | 'AND'
  | 'OR'
  | 'IN';

export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** Rows that are given with the question, under this name. */
export interface Given {
  readonly given: string;
}

/** The rows of several selects with the same columns, one after another. */
export interface Union {
  readonly union: readonly Select[];
}

export interface Selected {
  readonly expression: Expression;
  readonly as: string;
}

export interface Ordered {
  readonly expression: Expression;
  readonly descending: boolean;
}

export interface Select {
  readonly columns: readonly Selected[];
  readonly from: TableName | Given | Select | Union;
  readonly alias: string;
  readonly where: Expression | null;
  /** `all`: by every column that is no aggregate. */
  readonly groupBy: 'all' | null;
  readonly orderBy?: readonly Ordered[];
  readonly limit?: { readonly rows: number; readonly offset: number };
  readonly settings?: Settings;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly value?: {
    readonly kind: 'DEFAULT' | 'MATERIALIZED' | 'EPHEMERAL';
    readonly expression?: Expression;
  };
  readonly codec?: readonly Expression[];
}

export interface IndexDefinition {
  readonly name: string;
  readonly on: Expression;
  readonly type: Expression;
  readonly granularity: number;
}

export interface Settings {
  readonly [name: string]: number | string;
}

/** Where a statement is to be done: on this server, or by every server of a cluster. */
export interface Placed {
  /** A cluster's name in the configuration of its servers. */
  readonly onCluster?: string;
}

/** What the replicas of one table have in common, and what tells one from another. */
export interface Replication {
  /** In Keeper. Servers put their own values for `{shard}` and the like. */
  readonly path: string;
  readonly replica: string;
}

export interface CreateTable extends Placed {
  readonly node: 'create table';
  readonly name: TableName;
  readonly columns: readonly ColumnDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly engine: 'MergeTree' | 'AggregatingMergeTree';
  readonly replication?: Replication;
  readonly partitionBy: Expression;
  readonly orderBy: readonly Expression[];
  readonly ttl: Expression | null;
  readonly settings: Settings;
}

/** A table without rows of its own: what is read from it is read from a table of every shard. */
export interface CreateDistributedTable extends Placed {
  readonly node: 'create distributed table';
  readonly name: TableName;
  readonly cluster: string;
  /** The table on each shard, whose columns it has. */
  readonly of: TableName;
}

/** Keeps nothing of what is inserted: views alone see it. */
export interface CreateNullTable extends Placed {
  readonly node: 'create null table';
  readonly name: TableName;
  /** The table whose columns it has. */
  readonly like: TableName;
}

export interface CreateMaterializedView extends Placed {
  readonly node: 'create materialized view';
  readonly name: TableName;
  readonly to: TableName;
  readonly select: Select;
}

export interface AlterTable extends Placed {
  readonly node: 'alter table';
  readonly name: TableName;
  readonly change:
    | { readonly kind: 'modify column'; readonly column: ColumnDefinition }
    | { readonly kind: 'modify ttl'; readonly ttl: Expression }
    | { readonly kind: 'remove ttl' }
    | { readonly kind: 'modify setting'; readonly settings: Settings }
    /** Shares the files of another table's partition. */
    | { readonly kind: 'attach partition'; readonly id: string; readonly from: TableName }
    /** Writes parts anew without the rows, and has when it ends. */
    | { readonly kind: 'delete'; readonly where: Expression };
}

/** What says which tables and views there are. */
export type Definition =
  | ({ readonly node: 'create database'; readonly name: string } & Placed)
  | CreateTable
  | CreateNullTable
  | CreateMaterializedView
  | ({ readonly node: 'create view'; readonly name: TableName; readonly select: Select } & Placed)
  | AlterTable
  | ({
      readonly node: 'drop';
      readonly what: 'TABLE' | 'VIEW';
      readonly name: TableName;
    } & Placed);

export type Statement =
  | Definition
  | CreateDistributedTable
  | { readonly node: 'drop database'; readonly name: string }
  | { readonly node: 'truncate'; readonly name: TableName }
  | { readonly node: 'stop merges'; readonly name: TableName }
  | { readonly node: 'insert'; readonly into: TableName; readonly select: Select }
  | { readonly node: 'select'; readonly select: Select };

export const column = (...path: readonly string[]): Expression => ({ node: 'column', path });
export const literal = (value: string | number | boolean | null): Expression => ({
  node: 'literal',
  value,
});
export const call = (name: string, ...args: readonly Expression[]): Expression => ({
  node: 'call',
  name,
  arguments: args,
});
/** A column of the table read under `alias`, which no other name can hide. */
export const columnOf = (alias: string, ...path: readonly string[]): Expression => ({
  node: 'column',
  table: alias,
  path,
});
/** A parametric call: `quantiles(0.5)(x)`. */
export const parametricCall = (
  name: string,
  parameters: readonly number[],
  ...args: readonly Expression[]
): Expression => ({ node: 'call', name, parameters, arguments: args });
export const tuple = (...members: readonly Expression[]): Expression => ({
  node: 'tuple',
  members,
});
export const lambda = (parameters: readonly string[], body: Expression): Expression => ({
  node: 'lambda',
  parameters,
  body,
});
export const infix = (operator: InfixOperator, ...operands: readonly Expression[]): Expression => ({
  node: 'infix',
  operator,
  operands,
});

/** That all of these hold; null if there are none. */
export const allOf = (conditions: readonly Expression[]): Expression | null =>
  conditions.length > 1 ? infix('AND', ...conditions) : (conditions[0] ?? null);
