import type { SqlType } from '../../define/property-types.ts';
import type {
  ColumnDefinition,
  Expression,
  IndexDefinition,
  Select,
  Statement,
  TableName,
  TableSettings,
} from './nodes.ts';

/** One statement as text. All quoting of names and values is in this file. */
export const print = (statement: Statement): string => {
  switch (statement.node) {
    case 'create database':
      return `CREATE DATABASE IF NOT EXISTS ${identifier(statement.name)}`;
    case 'create table':
      return lines(
        `CREATE TABLE IF NOT EXISTS ${tableName(statement.name)}`,
        '(',
        [...statement.columns.map(columnDefinition), ...statement.indexes.map(indexDefinition)]
          .map((line) => `  ${line}`)
          .join(',\n'),
        ')',
        `ENGINE = ${statement.engine}`,
        `PARTITION BY ${expression(statement.partitionBy)}`,
        `ORDER BY (${list(statement.orderBy)})`,
        statement.ttl && `TTL ${expression(statement.ttl)}`,
        `SETTINGS ${settings(statement.settings)}`,
      );
    case 'create materialized view':
      return lines(
        `CREATE MATERIALIZED VIEW IF NOT EXISTS ${tableName(statement.name)} TO ${tableName(statement.to)} AS`,
        select(statement.select),
      );
    case 'create view':
      return lines(
        `CREATE OR REPLACE VIEW ${tableName(statement.name)} AS`,
        select(statement.select),
      );
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
    `FROM ${tableName(query.from)} AS ${identifier(query.alias)}`,
    query.where && `WHERE ${expression(query.where)}`,
    query.groupBy.length > 0 ? `GROUP BY ${list(query.groupBy)}` : null,
  );

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
      return `${identifier(e.parameter)} -> ${expression(e.body)}`;
  }
};

const list = (expressions: readonly Expression[]): string => expressions.map(expression).join(', ');

const settings = (values: TableSettings): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${literal(value)}`)
    .join(', ');

const sqlType = ({ name, parameters, fields }: SqlType): string => {
  const parts = [
    ...(parameters ?? []).map((part) => (typeof part === 'object' ? sqlType(part) : literal(part))),
    ...(fields ?? []).map((field) => `${identifier(field.name)} ${sqlType(field.type)}`),
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
