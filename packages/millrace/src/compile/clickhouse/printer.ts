import type { SqlType } from '../../define/property-types.ts';
import type {
  AlterTable,
  ColumnDefinition,
  CreateTable,
  Expression,
  Given,
  IndexDefinition,
  Ordered,
  Placed,
  Select,
  Settings,
  Statement,
  TableName,
  Union,
} from './nodes.ts';

/** One statement as text. All quoting of names and values is in this file. */
export const print = (statement: Statement): string => {
  switch (statement.node) {
    case 'create database':
      return `CREATE DATABASE IF NOT EXISTS ${identifier(statement.name)}${on(statement)}`;
    case 'drop database':
      return `DROP DATABASE IF EXISTS ${identifier(statement.name)} SYNC`;
    case 'create table':
      return createTable(statement);
    case 'create distributed table':
      return lines(
        `CREATE TABLE IF NOT EXISTS ${tableName(statement.name)}${on(statement)} AS ${tableName(statement.of)}`,
        `ENGINE = Distributed(${[statement.cluster, statement.of.database, statement.of.table].map(literal).join(', ')})`,
      );
    case 'create null table':
      return `CREATE TABLE IF NOT EXISTS ${tableName(statement.name)}${on(statement)} AS ${tableName(statement.like)} ENGINE = Null`;
    case 'create materialized view':
      return lines(
        `CREATE MATERIALIZED VIEW IF NOT EXISTS ${tableName(statement.name)}${on(statement)} TO ${tableName(statement.to)} AS`,
        select(statement.select),
      );
    case 'create view':
      return lines(
        `CREATE OR REPLACE VIEW ${tableName(statement.name)}${on(statement)} AS`,
        select(statement.select),
      );
    case 'alter table':
      return `ALTER TABLE ${tableName(statement.name)}${on(statement)} ${alteration(statement.change)}`;
    case 'drop':
      return `DROP ${statement.what} IF EXISTS ${tableName(statement.name)}${on(statement)} SYNC`;
    case 'truncate':
      return `TRUNCATE TABLE ${tableName(statement.name)} SYNC`;
    case 'stop merges':
      return `SYSTEM STOP MERGES ${tableName(statement.name)}`;
    case 'insert': {
      const columns = statement.select.columns.map(({ as }) => identifier(as)).join(', ');
      return lines(
        `INSERT INTO ${tableName(statement.into)} (${columns})`,
        select(statement.select),
      );
    }
    case 'select':
      return select(statement.select);
  }
};

/** A type as text, as `CREATE TABLE` says it. */
export const printType = (type: SqlType): string => sqlType(type);

const createTable = (table: CreateTable): string =>
  lines(
    `CREATE TABLE IF NOT EXISTS ${tableName(table.name)}${on(table)}`,
    '(',
    [...table.columns.map(columnDefinition), ...table.indexes.map(indexDefinition)]
      .map((line) => `  ${line}`)
      .join(',\n'),
    ')',
    `ENGINE = ${engine(table)}`,
    `PARTITION BY ${expression(table.partitionBy)}`,
    `ORDER BY (${list(table.orderBy)})`,
    table.ttl && `TTL ${expression(table.ttl)}`,
    `SETTINGS ${settings(table.settings)}`,
  );

const engine = ({ engine: name, replication }: CreateTable): string =>
  replication
    ? `Replicated${name}(${literal(replication.path)}, ${literal(replication.replica)})`
    : name;

const on = ({ onCluster }: Placed): string =>
  onCluster === undefined ? '' : ` ON CLUSTER ${identifier(onCluster)}`;

const alteration = (change: AlterTable['change']): string => {
  switch (change.kind) {
    case 'modify column':
      return `MODIFY COLUMN ${columnDefinition(change.column)}`;
    case 'modify ttl':
      return `MODIFY TTL ${expression(change.ttl)}`;
    case 'remove ttl':
      return 'REMOVE TTL';
    case 'modify setting':
      return `MODIFY SETTING ${settings(change.settings)}`;
    case 'attach partition':
      return `ATTACH PARTITION ID ${literal(change.id)} FROM ${tableName(change.from)}`;
    case 'delete':
      return `DELETE WHERE ${expression(change.where)} SETTINGS mutations_sync = 2`;
  }
};

const lines = (...parts: readonly (string | null)[]): string =>
  parts.filter((part) => part !== null).join('\n');

const select = (query: Select): string =>
  lines(
    'SELECT',
    query.columns
      .map(({ expression: e, as }) => `  ${expression(e)} AS ${identifier(as)}`)
      .join(',\n'),
    `FROM ${source(query.from)} AS ${identifier(query.alias)}`,
    query.where && `WHERE ${expression(query.where)}`,
    query.groupBy && 'GROUP BY ALL',
    query.orderBy && query.orderBy.length > 0
      ? `ORDER BY ${query.orderBy.map(ordered).join(', ')}`
      : null,
    query.limit ? `LIMIT ${query.limit.rows} OFFSET ${query.limit.offset}` : null,
    query.settings ? `SETTINGS ${settings(query.settings)}` : null,
  );

const ordered = (by: Ordered): string =>
  by.descending ? `${expression(by.expression)} DESC` : expression(by.expression);

const source = (from: TableName | Given | Select | Union): string => {
  if ('table' in from) return tableName(from);
  if ('union' in from) return `(\n${from.union.map(select).join('\nUNION ALL\n')}\n)`;
  return 'given' in from ? identifier(from.given) : `(\n${select(from)}\n)`;
};

const columnDefinition = ({ name, type, value, codec }: ColumnDefinition): string =>
  [
    identifier(name),
    sqlType(type),
    value?.kind,
    value?.expression && expression(value.expression),
    codec && `CODEC(${list(codec)})`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');

const indexDefinition = ({ name, on, type, granularity }: IndexDefinition): string =>
  `INDEX ${identifier(name)} ${expression(on)} TYPE ${expression(type)} GRANULARITY ${granularity}`;

const expression = (e: Expression): string => {
  switch (e.node) {
    case 'column':
      return [...(e.table === undefined ? [] : [e.table]), ...e.path].map(identifier).join('.');
    case 'literal':
      return literal(e.value);
    case 'call': {
      const parameters = e.parameters ? `(${e.parameters.map(literal).join(', ')})` : '';
      return `${functionName(e.name)}${parameters}(${list(e.arguments)})`;
    }
    case 'infix':
      return `(${e.operands.map(expression).join(` ${e.operator} `)})`;
    case 'tuple':
      return `(${list(e.members)})`;
    case 'lambda':
      return `${parameterList(e.parameters)} -> ${expression(e.body)}`;
    case 'over':
      return `${expression(e.function)} OVER (${[
        e.partitionBy.length > 0 ? `PARTITION BY ${list(e.partitionBy)}` : '',
        e.orderBy.length > 0 ? `ORDER BY ${e.orderBy.map(ordered).join(', ')}` : '',
      ]
        .filter((part) => part !== '')
        .join(' ')})`;
    case 'cast':
      return `CAST(${expression(e.expression)} AS ${sqlType(e.type)})`;
  }
};

const parameterList = (names: readonly string[]): string =>
  names.length === 1 ? names.map(identifier).join('') : `(${names.map(identifier).join(', ')})`;

const list = (expressions: readonly Expression[]): string => expressions.map(expression).join(', ');

const settings = (values: Settings): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${literal(value)}`)
    .join(', ');

const sqlType = ({ name, parameters = [], settings: own = {}, fields = [] }: SqlType): string => {
  const parts = [
    ...parameters.map((part) => (typeof part === 'object' ? sqlType(part) : literal(part))),
    ...Object.entries(own).map(([setting, value]) => `${setting} = ${literal(value)}`),
    ...fields.map((field) => `${identifier(field.name)} ${sqlType(field.type)}`),
  ];
  return parts.length > 0 ? `${name}(${parts.join(', ')})` : name;
};

const tableName = ({ database, table }: TableName): string =>
  `${identifier(database)}.${identifier(table)}`;

/** Function names come from the compiler alone; this keeps it so. */
const functionName = (name: string): string => {
  if (!/^[A-Za-z]\w*$/.test(name)) throw new RangeError(`not a function name: ${name}`);
  return name;
};

/** Always quoted: a property may be called `order` or `from`. */
const identifier = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``;

const literal = (value: string | number | boolean | null): string =>
  typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : String(value);
