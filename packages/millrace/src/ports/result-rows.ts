import type { ReadResult } from './store.ts';

/** The lines of an answer in a format of one row a line. */
export const resultLines = ({ bytes }: Pick<ReadResult, 'bytes'>): readonly string[] =>
  Buffer.from(bytes).toString().split('\n').filter(Boolean);

/** The rows of an answer in JSONEachRow, of the type that the question gives them. */
export const resultRows = <Row>(result: Pick<ReadResult, 'bytes'>): readonly Row[] =>
  resultLines(result).map((line): Row => JSON.parse(line));
