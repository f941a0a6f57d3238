import type { Refusal } from '../collect/refusals.ts';

/** One row as it stands in the file; nothing is understood yet. */
export interface RawRow {
  /** Its place among the rows of the file, from 1. */
  readonly number: number;
  /** In the order of the columns, or by name where each row has its own (NDJSON). */
  readonly cells: readonly unknown[] | Readonly<Record<string, unknown>>;
  /** About how much of memory and disk it takes. */
  readonly bytes: number;
  /** Why it cannot be read as a row, if so. Then `cells` is what there is. */
  readonly problem?: { readonly code: Refusal['code']; readonly message: string };
}

/** The rows of one file, in its order. */
export interface RowSource {
  /** The names of the columns; null where each row has its own. */
  readonly columns: readonly string[] | null;
  /** In batches, because a step for each row would cost more than reading it. */
  readonly batches: AsyncIterable<readonly RawRow[]>;
}

/** The row as JSON, as it is kept when it is refused. */
export function rowAsJson(row: RawRow, columns: readonly string[] | null): string {
  const { cells } = row;
  if (!isList(cells)) return JSON.stringify(cells, exactNumbers);
  const named = Object.fromEntries(
    cells.map((cell, index) => [columns?.[index] ?? `column ${index + 1}`, cell]),
  );
  return JSON.stringify(named, exactNumbers);
}

export const isList = (cells: RawRow['cells']): cells is readonly unknown[] => Array.isArray(cells);

const exactNumbers = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
