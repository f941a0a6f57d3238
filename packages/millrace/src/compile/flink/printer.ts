import type { SqlType } from '../../define/property-types.ts';
import type {
  ColumnDefinition,
  Expression,
  Options,
  Select,
  Selected,
  Statement,
  Watermark,
  Windows,
} from './nodes.ts';

/** One statement as text. All quoting of names and values is in this file. */
export const print = (statement: Statement): string => {
  switch (statement.node) {
    case 'create table':
      return [
        `CREATE TEMPORARY TABLE ${identifier(statement.name)}`,
        '(',
        [
          ...statement.columns.map((one) => `  ${columnDefinition(one)}`),
          ...(statement.watermark ? [`  ${watermark(statement.watermark)}`] : []),
        ].join(',\n'),
        ')',
        `WITH (\n${options(statement.options)}\n)`,
      ].join('\n');
    case 'create view':
      return `CREATE TEMPORARY VIEW ${identifier(statement.name)} AS\n${select(statement.select)}`;
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

const watermark = ({ column, expression: e }: Watermark): string =>
  `WATERMARK FOR ${identifier(column)} AS ${expression(e)}`;

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
    ...(query.groupBy ? [`GROUP BY ${list(query.groupBy)}`] : []),
  ].join('\n');

const selected = ({ expression: e, as }: Selected): string =>
  `${expression(e)} AS ${identifier(as)}`;

const source = (from: Select['from']): string => {
  if (typeof from === 'string') return identifier(from);
  if (!('node' in from)) return `(\n${select(from)}\n)`;
  return windows(from);
};

const windows = ({ of, by, span }: Windows): string => {
  const time = `DESCRIPTOR(${identifier(by)})`;
  switch (span.kind) {
    case 'tumbling':
      return `TABLE(TUMBLE(TABLE ${identifier(of)}, ${time}, ${interval(span.sizeMs)}))`;
    case 'hopping':
      return `TABLE(HOP(TABLE ${identifier(of)}, ${time}, ${interval(span.everyMs)}, ${interval(span.sizeMs)}))`;
    case 'session':
      return `TABLE(SESSION(TABLE ${identifier(of)} PARTITION BY (${list(span.partitionBy)}), ${time}, ${interval(span.gapMs)}))`;
  }
};

const expression = (e: Expression): string => {
  switch (e.node) {
    case 'column':
      return e.path.map(identifier).join('.');
    case 'literal':
      return literal(e.value);
    case 'cast':
      return `CAST(${expression(e.value)} AS ${sqlType(e.type)})`;
    case 'call':
      return `${functionName(e.name)}(${list(e.arguments)})`;
    case 'infix':
      return `(${e.operands.map(expression).join(` ${e.operator} `)})`;
    case 'not':
      return `(NOT ${expression(e.operand)})`;
    case 'is not null':
      return `(${expression(e.operand)} IS NOT NULL)`;
    case 'in':
      return `(${expression(e.value)} IN (${list(e.among)}))`;
    case 'count rows':
      return 'COUNT(*)';
    case 'where':
      return `CASE WHEN ${expression(e.condition)} THEN ${expression(e.value)} END`;
    case 'values':
      return `ARRAY_AGG(${e.distinct ? 'DISTINCT ' : ''}${expression(e.of)} IGNORE NULLS)`;
    case 'day of month':
      return `EXTRACT(DAY FROM ${expression(e.of)})`;
    case 'row number':
      return `ROW_NUMBER() OVER (PARTITION BY ${expression(e.partitionBy)} ORDER BY ${expression(e.orderBy)})`;
  }
};

const list = (expressions: readonly Expression[]): string => expressions.map(expression).join(', ');

const literal = (value: number | boolean | string): string => {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (Number.isSafeInteger(value)) return String(value);
  throw new Error(`${value} is not a whole number: cast its text instead`);
};

const interval = (ms: number): string => {
  if (!Number.isSafeInteger(ms) || ms <= 0) throw new Error(`${ms} is no interval`);
  return `INTERVAL '${(ms / 1_000).toFixed(3)}' SECOND(10, 3)`;
};

const sqlType = ({ name, parameters = [], fields }: SqlType): string => {
  if (fields) {
    const parts = fields.map((field) => `${identifier(field.name)} ${sqlType(field.type)}`);
    return `${name}<${parts.join(', ')}>`;
  }
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
