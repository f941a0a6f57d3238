import type { SqlType } from '../../define/property-types.ts';
import type {
  ColumnDefinition,
  Expression,
  Options,
  Select,
  Selected,
  Statement,
} from './nodes.ts';

/** One statement as text. All quoting of names and values is in this file. */
export const print = (statement: Statement): string => {
  switch (statement.node) {
    case 'create table':
      return [
        `CREATE TEMPORARY TABLE ${identifier(statement.name)}`,
        '(',
        statement.columns.map((one) => `  ${columnDefinition(one)}`).join(',\n'),
        ')',
        `WITH (\n${options(statement.options)}\n)`,
      ].join('\n');
    case 'insert':
      return [
        `INSERT INTO ${identifier(statement.into)} (${statement.select.columns.map(({ as }) => identifier(as)).join(', ')})`,
        select(statement.select),
      ].join('\n');
  }
};

const columnDefinition = (definition: ColumnDefinition): string => {
  const name = identifier(definition.name);
  switch (definition.kind) {
    case 'physical':
      return `${name} ${sqlType(definition.type)}`;
    case 'metadata':
      return `${name} ${sqlType(definition.type)} METADATA FROM ${text(definition.from)}`;
    case 'computed':
      return `${name} AS ${expression(definition.expression)}`;
  }
};

const options = (values: Options): string =>
  Object.entries(values)
    .map(([name, value]) => `  ${text(name)} = ${text(value)}`)
    .join(',\n');

const select = (query: Select): string =>
  [
    'SELECT',
    query.columns.map((one) => `  ${selected(one)}`).join(',\n'),
    `FROM ${source(query.from)}`,
    ...(query.where ? [`WHERE ${expression(query.where)}`] : []),
  ].join('\n');

const selected = ({ expression: e, as }: Selected): string =>
  `${expression(e)} AS ${identifier(as)}`;

const source = (from: string | Select): string =>
  typeof from === 'string' ? identifier(from) : `(\n${select(from)}\n)`;

const expression = (e: Expression): string => {
  switch (e.node) {
    case 'column':
      return identifier(e.name);
    case 'literal':
      return String(e.value);
    case 'call':
      return `${functionName(e.name)}(${list(e.arguments)})`;
    case 'equal':
      return `${expression(e.left)} = ${expression(e.right)}`;
    case 'row number':
      return `ROW_NUMBER() OVER (PARTITION BY ${expression(e.partitionBy)} ORDER BY ${expression(e.orderBy)})`;
  }
};

const list = (expressions: readonly Expression[]): string => expressions.map(expression).join(', ');

const sqlType = ({ name, parameters = [] }: SqlType): string => {
  const parts = parameters.map((part) => (typeof part === 'object' ? sqlType(part) : String(part)));
  if (parts.length === 0) return name;
  const holdsTypes = parameters.some((part) => typeof part === 'object');
  return holdsTypes ? `${name}<${parts.join(', ')}>` : `${name}(${parts.join(', ')})`;
};

/** Function names come from the compiler alone; this keeps it so. */
const functionName = (name: string): string => {
  if (!/^[A-Z]\w*$/.test(name)) throw new RangeError(`not a function name: ${name}`);
  return name;
};

/** Always quoted: a property may be called `order` or `from`. */
const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
