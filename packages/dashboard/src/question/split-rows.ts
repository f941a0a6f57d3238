import type { AnswerRow } from './answer.ts';

/** Rows that belong together, one after another: each part begins where `begins` says so. */
export function splitRows(
  rows: readonly AnswerRow[],
  begins: (row: AnswerRow) => boolean,
): readonly (readonly AnswerRow[])[] {
  const starts = rows.flatMap((row, place) => (begins(row) ? [place] : []));
  return starts.map((start, place) => rows.slice(start, starts[place + 1]));
}
