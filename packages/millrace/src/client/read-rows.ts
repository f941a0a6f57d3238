import type { Answer } from '../query/answer-question.ts';

/**
 * The rows of an answer, its 64-bit integers as bigint and its times as Date.
 * `Row` is what the pipeline's types say of them.
 */
export function readRows<Row>({ rows, columns }: Pick<Answer, 'rows' | 'columns'>): readonly Row[];
export function readRows({
  rows,
  columns,
}: Pick<Answer, 'rows' | 'columns'>): readonly { readonly [column: string]: unknown }[] {
  return rows.map((row) =>
    Object.fromEntries(columns.map(({ name, type }) => [name, read(type, row[name])])),
  );
}

function read(type: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'int64') return BigInt(value);
  if (type === 'timestamp') return new Date(value);
  return value;
}
