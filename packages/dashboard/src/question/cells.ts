import type { AnswerRow } from './answer.ts';

type Cell = AnswerRow[string] | undefined;

/** A value as text; null where there is none. */
export const textIn = (cell: Cell): string | null =>
  cell === null || cell === undefined ? null : String(cell);

/** A share, a mean; null where there is none. */
export const numberIn = (cell: Cell): number | null => (typeof cell === 'number' ? cell : null);

/** One of each level. */
export const levelsIn = (cell: Cell): readonly (number | null)[] =>
  Array.isArray(cell) ? cell : [];
