import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { describe, expect, it } from 'vitest';
import { LongNumber } from '../../collect/numbers.ts';
import type { RawRow } from '../raw-row.ts';
import { inFolder } from '../shop-import.suite.ts';
import { examineFile, openRows } from './open-source.ts';

const ignore = (): void => {};

async function read(folder: string, name: string, bytes: string | Buffer, definition = {}) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const file = await examineFile(path, definition, ignore);
  const source = await openRows(file, definition, folder, ignore);
  const rows: RawRow[] = [];
  for await (const batch of source.batches) rows.push(...batch);
  return { file, columns: source.columns, rows, cells: rows.map(({ cells }) => cells) };
}

describe('a text file', () => {
  const csv = 'name;at\nÉva;1\n';

  it.each<[string, string | Buffer, string, object?]>([
    ['a.csv', csv, 'csv'],
    ['a.csv', `\ufeff${csv}`, 'csv'],
    ['a.csv.gz', gzipSync(csv), 'csv'],
    // Packed, whatever the name says; and in two parts, as log rotation leaves it.
    ['a.csv', gzipSync(csv), 'csv'],
    ['a', Buffer.concat([gzipSync('name;at\n'), gzipSync('Éva;1\n')]), 'csv'],
    ['a.tsv', csv.replaceAll(';', '\t'), 'tsv'],
    ['a.tab', csv.replaceAll(';', '\t').replaceAll('\n', '\r\n'), 'tsv'],
    ['a.csv', Buffer.from(csv, 'latin1'), 'csv', { encoding: 'windows-1252' }],
    ['a.txt', csv.replaceAll(';', '#'), 'csv', { delimiter: '#' }],
  ])('%s is read as what it is', async (name, bytes, format, definition = {}) => {
    await inFolder(async (folder) => {
      const { file, columns, cells } = await read(folder, name, bytes, definition);
      expect(file.format).toBe(format);
      expect(columns).toEqual(['name', 'at']);
      expect(cells).toEqual([['Éva', '1']]);
    });
  });

  it('has the digest of its rows, packed or not', async () => {
    await inFolder(async (folder) => {
      const plain = await read(folder, 'a.csv', csv);
      const packed = await read(folder, 'b.gz', gzipSync(csv));
      const other = await read(folder, 'c.csv', csv.replace('1', '2'));
      expect(packed.file.digest).toBe(plain.file.digest);
      expect(other.file.digest).not.toBe(plain.file.digest);
    });
  });

  it.each([
    ['is not of its encoding', Buffer.from(csv, 'latin1'), /not utf-8.*windows-1252/],
    ['is cut short', gzipSync(csv.repeat(1_000)).subarray(0, 50), /to the end as gzip/],
  ])('that %s stops the import', async (_, bytes, message) => {
    await inFolder(async (folder) => {
      const error = { code: 'import_file_invalid', message: expect.stringMatching(message) };
      await expect(read(folder, 'a.csv', bytes)).rejects.toMatchObject(error);
    });
  });

  it('that is not there, or a folder, is told of', async () => {
    await inFolder(async (folder) => {
      await expect(examineFile(join(folder, 'no'), {}, ignore)).rejects.toThrow(/There is no file/);
      await expect(examineFile(folder, {}, ignore)).rejects.toThrow(/is not a file/);
    });
  });
});

describe('NDJSON', () => {
  it.each(['a.jsonl', 'a.ndjson.gz', 'a'])(
    'as %s keeps numbers whole and names broken lines',
    async (name) => {
      await inFolder(async (folder) => {
        const text =
          '{"id":9007199254740993,"price":1234567890123456.78}\r\n\n{"broken\n[1]\n{"a":{"b":1}}';
        const bytes = name.endsWith('gz') ? gzipSync(text) : text;
        const { file, columns, rows, cells } = await read(folder, name, bytes);
        expect([file.format, columns]).toEqual(['ndjson', null]);
        expect(cells[0]).toEqual({
          id: 9007199254740993n,
          price: new LongNumber('1234567890123456.78'),
        });
        expect(rows.map(({ number, problem }) => [number, problem?.message])).toEqual([
          [1, undefined],
          [2, expect.stringMatching(/^Line 3 is not JSON/)],
          [3, 'Line 4 is not a JSON object.'],
          [4, undefined],
        ]);
        expect(cells[3]).toEqual({ a: { b: 1 } });
      });
    },
  );
});

describe('Parquet', () => {
  const select = `SELECT number AS id, 'é' || toString(number) AS name,
      toDecimal64('-12.345', 3) * number AS price, toDecimal128('12345678901234567890.12', 2) AS large,
      toDateTime64('2011-07-01 10:00:00.250', 3, 'UTC') AS at, toDate('2011-07-01') AS day,
      toInt64(9007199254740993) AS big, number = 1 ? NULL : 1.5 AS maybe, [1, 2]::Array(Int32) AS list
    FROM numbers(3)`;
  const expected = {
    columns: ['id', 'name', 'price', 'large', 'at', 'day', 'big', 'maybe', 'list'],
    second: [
      1n,
      'é1',
      '-12.345',
      '12345678901234567890.12',
      Date.UTC(2011, 6, 1, 10, 0, 0, 250),
      '2011-07-01',
      9007199254740993n,
      null,
      [1, 2],
    ],
  };

  it('comes in every compression, with decimals and integers whole', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'engine'));
      const session = new Session(join(folder, 'engine'));
      for (const method of ['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli']) {
        const path = join(folder, `${method}.data`);
        session.query(
          `${select} INTO OUTFILE '${path}' FORMAT Parquet SETTINGS output_format_parquet_compression_method = '${method}'`,
        );
        const file = await examineFile(path, {}, ignore);
        const source = await openRows(file, {}, folder, ignore);
        const rows: RawRow[] = [];
        for await (const batch of source.batches) rows.push(...batch);
        expect([method, file.format, source.columns]).toEqual([
          method,
          'parquet',
          expected.columns,
        ]);
        expect(rows.map(({ number }) => number)).toEqual([1, 2, 3]);
        expect(rows[1]?.cells).toEqual(expected.second);
      }
      session.cleanup();
    });
  });

  it('may be packed as a whole', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'engine'));
      const session = new Session(join(folder, 'engine'));
      const path = join(folder, 'plain');
      session.query(`${select} INTO OUTFILE '${path}' FORMAT Parquet`);
      session.cleanup();
      const { file, rows } = await read(folder, 'a.gz', gzipSync(readFileSync(path)));
      expect([file.format, rows[1]?.cells]).toEqual(['parquet', expected.second]);
    });
  });

  it('that is cut short stops the import', async () => {
    await inFolder(async (folder) => {
      const error = { code: 'import_file_invalid', message: expect.stringMatching(/as Parquet/) };
      await expect(read(folder, 'a.parquet', 'PAR1 and no more')).rejects.toMatchObject(error);
    });
  });
});
