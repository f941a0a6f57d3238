import type { Refusal } from '../collect/refusals.ts';

/** One row as it stands in the file; nothing is understood yet. */
export interface RawRow {
  /** Its place among the rows of the file, from 1. */
  readonly number: number;
  /** In the order of the columns, or by name where each row has its own (NDJSON). */
  readonly cells: readonly unknown[] | Readonly<Record<string, unknown>>;
  /** The line it was read from, where that is all there is to it (NDJSON). */
  readonly line?: { readonly text: string; readonly number: number };
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

/** The row as it is kept when it is refused: its own line, or its cells as JSON. */
export function rowAsJson(row: RawRow, columns: readonly string[] | null): string {
  if (row.line !== undefined) return row.line.text;
  const { cells } = row;
  const named = isList(cells)
    ? Object.fromEntries(cells.map((cell, at) => [columns?.[at] ?? `column ${at + 1}`, cell]))
    : cells;
  return JSON.stringify(named, bigintAsText);
}

export const isList = (cells: RawRow['cells']): cells is readonly unknown[] => Array.isArray(cells);

const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
