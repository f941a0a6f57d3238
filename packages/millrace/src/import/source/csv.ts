import { MillraceError } from '../../errors.ts';
import type { RawRow, RowSource } from '../raw-row.ts';
import { type CsvRecord, CsvScanner } from './csv-scanner.ts';

/** What a row costs beside its text. */
const rowOverheadBytes = 100;

/**
 * The rows of a file of separated values, whose first line names the columns. A
 * row with another number of cells has a problem; broken quoting stops the
 * file, because nobody can know where its next row begins.
 *
 * @param delimiter found in the first line if not given.
 * @throws MillraceError `import_file_invalid`, naming the line.
 */
export async function openCsv(
  text: AsyncIterable<string>,
  delimiter: string | undefined,
): Promise<RowSource> {
  const records = recordsOf(text, delimiter);
  const first = await records.next();
  const [header, ...rows] = first.done ? [] : first.value;
  if (header === undefined) {
    throw new MillraceError(
      'import_file_invalid',
      'The file is empty; its first line would name the columns.',
    );
  }
  const columns = header.cells;
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new MillraceError(
      'import_file_invalid',
      `Two columns are named ${JSON.stringify(twice)}.`,
    );
  }
  return { columns, batches: numbered(rows, records, columns.length) };
}

/** In batches, as the text comes; none of them empty. */
async function* recordsOf(
  text: AsyncIterable<string>,
  delimiter: string | undefined,
): AsyncGenerator<CsvRecord[]> {
  let scanner: CsvScanner | undefined;
  let start = '';
  for await (const piece of text) {
    let next = piece;
    if (scanner === undefined) {
      start += piece;
      if (!start.includes('\n')) continue;
      scanner = new CsvScanner(delimiter ?? likeliestDelimiter(start));
      next = start;
    }
    const records = scanner.push(next);
    if (records.length > 0) yield records;
  }
  scanner ??= new CsvScanner(delimiter ?? likeliestDelimiter(start));
  const records = [...(start.includes('\n') ? [] : scanner.push(start)), ...scanner.end()];
  if (records.length > 0) yield records;
}

async function* numbered(
  first: readonly CsvRecord[],
  others: AsyncIterable<readonly CsvRecord[]>,
  columns: number,
): AsyncGenerator<readonly RawRow[]> {
  let number = 0;
  const row = ({ cells, line }: CsvRecord): RawRow => {
    number += 1;
    let bytes = rowOverheadBytes;
    for (const cell of cells) bytes += cell.length;
    if (cells.length === columns) return { number, cells, bytes };
    return {
      number,
      cells,
      bytes,
      problem: {
        code: 'wrong_type',
        message: `Line ${line} has ${cells.length} cells; the first line names ${columns} columns.`,
      },
    };
  };
  yield first.map(row);
  for await (const records of others) yield records.map(row);
}

const delimiters = [',', ';', '\t', '|'];

/** The one that the first line has most of, outside quotes. */
export function likeliestDelimiter(start: string): string {
  const line = (start.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => line.split(delimiter).length;
  return delimiters.reduce((best, each) => (count(each) > count(best) ? each : best));
}
