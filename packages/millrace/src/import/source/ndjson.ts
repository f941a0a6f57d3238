import { isRecord } from '../../collect/is-record.ts';
import { mayLoseDigits, parseExactly } from '../../collect/numbers.ts';
import { MillraceError } from '../../errors.ts';
import type { RawRow, RowSource } from '../raw-row.ts';

const lineLengthMax = 4 * 1024 * 1024;

/**
 * A JSON object a line. A line that is none is a row with a problem. Integers
 * and decimals keep all their digits.
 *
 * @throws MillraceError `import_file_invalid` for a line without end.
 */
export function openNdjson(text: AsyncIterable<string>): RowSource {
  return { columns: null, batches: rowsOf(text) };
}

async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<readonly RawRow[]> {
  let number = 0;
  let line = 0;
  let rest = '';
  const rows = (lines: readonly string[]): RawRow[] =>
    lines.flatMap((each) => {
      line += 1;
      if (each.trim() === '') return [];
      number += 1;
      return [ndjsonRow(each, number, line)];
    });
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineLengthMax) {
      throw new MillraceError(
        'import_file_invalid',
        `Line ${line + lines.length + 1} has more than ${lineLengthMax} characters.`,
      );
    }
    if (lines.length > 0) yield rows(lines);
  }
  yield rows([rest]);
}

/** @param line where `text` stands in the file. */
export function ndjsonRow(text: string, number: number, line: number): RawRow {
  const row = { number, line: { text, number: line }, bytes: text.length };
  const unreadable = (why: string): RawRow => ({
    ...row,
    cells: {},
    problem: { code: 'invalid_json', message: `Line ${line} ${why}` },
  });
  try {
    const value: unknown = mayLoseDigits(text) ? parseExactly(text) : JSON.parse(text);
    return isRecord(value) ? { ...row, cells: value } : unreadable('is not a JSON object.');
  } catch (error) {
    return unreadable(`is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
