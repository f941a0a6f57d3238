import type { AnswerStream } from './answer-stream.ts';
import type { ReadResult } from './store.ts';

/** The lines of an answer in a format of one row a line. */
export const resultLines = ({ bytes }: Pick<ReadResult, 'bytes'>): readonly string[] =>
  Buffer.from(bytes).toString().split('\n').filter(Boolean);

/** The rows of an answer in JSONEachRow, of the type that the question gives them. */
export const resultRows = <Row>(result: Pick<ReadResult, 'bytes'>): readonly Row[] =>
  resultLines(result).map((line): Row => JSON.parse(line));

/** The same, one by one, of an answer that may be too long for memory. */
export async function* streamedRows<Row>(answer: AnswerStream): AsyncGenerator<Row, void, void> {
  try {
    let begun: Uint8Array[] = [];
    for await (const chunk of answer.chunks) {
      let from = 0;
      for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
        yield JSON.parse(Buffer.concat([...begun, chunk.subarray(from, to)]).toString());
        begun = [];
        from = to + 1;
      }
      if (from < chunk.length) begun.push(chunk.subarray(from));
    }
    if (begun.length > 0) yield JSON.parse(Buffer.concat(begun).toString());
  } finally {
    await answer.leave();
  }
}

const newline = 0x0a;
