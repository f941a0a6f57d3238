import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawRow } from '../raw-row.ts';
import { likeliestDelimiter, openCsv } from './csv.ts';
import { CsvScanner } from './csv-scanner.ts';

async function* pieces(text: string, length = text.length || 1): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

async function read(text: string, options: { delimiter?: string; length?: number } = {}) {
  const source = await openCsv(pieces(text, options.length), options.delimiter);
  const rows: RawRow[] = [];
  for await (const batch of source.batches) rows.push(...batch);
  return { columns: source.columns, rows, cells: rows.map(({ cells }) => cells) };
}

const quoted = (cell: string, delimiter: string): string =>
  /["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;

describe('CsvScanner', () => {
  it('reads what was written, in whatever pieces it comes', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', 'é', '"', ',', ';', '\n', '\r', ' ', '😀'),
    });
    const record = fc.array(cell, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 8 }),
        fc.constantFrom(',', ';', '\t'),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (records, delimiter, lineEnd, ended, length) => {
          const lines = records.map((cells) =>
            cells.map((each) => quoted(each, delimiter)).join(delimiter),
          );
          const text = lines.join(lineEnd) + (ended && lines.length > 0 ? lineEnd : '');
          const scanner = new CsvScanner(delimiter);
          const read: (readonly string[])[] = [];
          for (let at = 0; at < text.length; at += length) {
            read.push(...scanner.push(text.slice(at, at + length)).map(({ cells }) => cells));
          }
          read.push(...scanner.end().map(({ cells }) => cells));
          expect(read).toEqual(records);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('knows on which line each record begins', () => {
    const scanner = new CsvScanner(',');
    const records = [
      ...scanner.push('a,b\n\n"x\ny",2\r\n'),
      ...scanner.push('3,4'),
      ...scanner.end(),
    ];
    expect(records.map(({ line }) => line)).toEqual([1, 3, 5]);
  });

  it('takes a quote inside a bare cell for itself', () => {
    expect(new CsvScanner(',').push('5" pipe,6"\n')).toEqual([
      { cells: ['5" pipe', '6"'], line: 1 },
    ]);
  });

  it.each([
    ['a quote that nothing closes', 'a,b\n1,"2\n3,4\n', /begins on line 2.*nothing closes/],
    ['text after a closed quote', 'a,b\n1,2\n"3"4,5\n', /begins on line 3.*closed before/],
  ])('stops at %s', (_, text, message) => {
    const scanner = new CsvScanner(',');
    expect(() => [...scanner.push(text), ...scanner.end()]).toThrow(message);
  });
});

describe('openCsv', () => {
  it('names the columns by the first line and numbers the rows', async () => {
    const { columns, rows } = await read('a,b\n1,2\n\n3,\n');
    expect(columns).toEqual(['a', 'b']);
    expect(rows.map(({ number, cells }) => [number, cells])).toEqual([
      [1, ['1', '2']],
      [2, ['3', '']],
    ]);
  });

  it('reads the same in pieces of every length', async () => {
    const text = 'name;"note; long"\nx;"1\n2"\ny;3\n';
    const whole = await read(text);
    expect(whole.columns).toEqual(['name', 'note; long']);
    for (let length = 1; length < text.length; length += 1) {
      expect((await read(text, { length })).cells).toEqual(whole.cells);
    }
  });

  it('gives a row with another number of cells its line', async () => {
    const { rows } = await read('a,b\n"1\n2",3\n4\n5,6,7\n8,9\n');
    expect(rows.map(({ problem }) => problem?.message)).toEqual([
      undefined,
      'Line 4 has 1 cells; the first line names 2 columns.',
      'Line 5 has 3 cells; the first line names 2 columns.',
      undefined,
    ]);
  });

  it.each(['', '\n\n'])('refuses %j, which has no columns', async (text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'import_file_invalid' });
  });

  it('refuses two columns of one name', async () => {
    await expect(read('a,a\n')).rejects.toThrow('Two columns are named "a"');
  });

  it.each([
    ['a,b;c\n', ','],
    ['a;b;c,d\n', ';'],
    ['"a,b,c,d";e\n', ';'],
    ['a\tb\n', '\t'],
    ['a|b\n', '|'],
    ['alone\n', ','],
  ])('finds the delimiter of %j', (text, delimiter) => {
    expect(likeliestDelimiter(text)).toBe(delimiter);
  });
});
