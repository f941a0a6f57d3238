import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { MillraceError } from '../../errors.ts';
import type { RawRow, RowSource } from '../raw-row.ts';

const batchRows = 1_000;
/** What a value takes, about; texts are counted beside it. */
const valueBytes = 16;

/**
 * The rows of a Parquet file, a row group in memory at a time. Decimals become
 * text with all their digits, integers of 64 bits bigint, instants epoch ms;
 * local timestamps and dates become text without an offset, so that the
 * mapping's zone holds for them. (Decimals inside lists and structs come as
 * floats, and are refused as decimals where they are no longer exact.)
 *
 * @param onShare told of the share of the rows that has been read.
 * @throws MillraceError `import_file_invalid`.
 */
export async function openParquet(
  path: string,
  onShare: (share: number) => void,
): Promise<RowSource> {
  const handle = await open(path);
  try {
    const file = await bufferOf(handle);
    const metadata = await parquetMetadataAsync(file);
    const columns = topLevel(metadata).map(({ name }) => name);
    return { columns, batches: rowsOf(path, handle, file, metadata, onShare) };
  } catch (error) {
    await handle.close();
    throw unreadable(path, error);
  }
}

async function* rowsOf(
  path: string,
  handle: FileHandle,
  file: AsyncBuffer,
  metadata: FileMetaData,
  onShare: (share: number) => void,
): AsyncGenerator<readonly RawRow[]> {
  const total = Number(metadata.num_rows);
  const columns = topLevel(metadata);
  const convert = columns.map(converterOf);
  const schema = metadata.schema.map((element) =>
    columns.includes(element) && element.converted_type === 'DECIMAL' ? unscaled(element) : element,
  );
  try {
    let number = 0;
    for (const group of metadata.row_groups) {
      const rows = await parquetReadObjects({
        file,
        metadata: { ...metadata, schema },
        compressors,
        parsers,
        utf8: false,
        rowStart: number,
        rowEnd: number + Number(group.num_rows),
      });
      for (let from = 0; from < rows.length; from += batchRows) {
        yield rows.slice(from, from + batchRows).map((row) => {
          number += 1;
          const cells = columns.map(({ name }, at) => convert[at]?.(row[name]));
          return { number, cells, bytes: sizeOf(cells) };
        });
        onShare(total === 0 ? 1 : number / total);
      }
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
}

type SchemaElement = FileMetaData['schema'][number];

/** The file's columns; what lies inside lists and structs belongs to them. */
function topLevel({ schema }: FileMetaData): SchemaElement[] {
  const columns: SchemaElement[] = [];
  let at = 1;
  const skip = (element: SchemaElement): void => {
    at += 1;
    for (let child = 0; child < (element.num_children ?? 0); child += 1) {
      const next = schema[at];
      if (next !== undefined) skip(next);
    }
  };
  while (at < schema.length) {
    const element = schema[at];
    if (element === undefined) break;
    columns.push(element);
    skip(element);
  }
  return columns;
}

/** The reader would scale decimals as floats; without their type it gives them as they are stored. */
function unscaled(element: SchemaElement): SchemaElement {
  const { converted_type: _, logical_type: __, ...rest } = element;
  return rest;
}

type Convert = (value: unknown) => unknown;

function converterOf(column: SchemaElement): Convert {
  if (column.converted_type === 'DECIMAL') {
    const { scale = 0 } = column;
    return (value) => (value === null || value === undefined ? null : decimalText(value, scale));
  }
  if (column.converted_type === 'DATE') return (value) => isoText(value)?.slice(0, 10) ?? null;
  const logical = column.logical_type;
  if (logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC) return isoText;
  return plain;
}

/** Instants as epoch ms: text would have to be parsed again. */
const parsers = {
  timestampFromMilliseconds: (ms: bigint) => Number(ms),
  timestampFromMicroseconds: (us: bigint) => Math.floor(Number(us / 1000n)),
  timestampFromNanoseconds: (ns: bigint) => Math.floor(Number(ns / 1_000_000n)),
  dateFromDays: (days: number) => days * 86_400_000,
};

/** Wall-clock time without an offset. */
const isoText = (ms: unknown): string | null =>
  typeof ms === 'number' ? new Date(ms).toISOString().slice(0, -1) : null;

const utf8 = new TextDecoder();

/** Byte arrays that no type describes are text, as many writers leave it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return utf8.decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  }
  return value;
}

function decimalText(stored: unknown, scale: number): string {
  const unscaledValue =
    stored instanceof Uint8Array ? signedBigEndian(stored) : BigInt(String(stored));
  const negative = unscaledValue < 0n;
  const digits = String(negative ? -unscaledValue : unscaledValue).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}

function signedBigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

function sizeOf(cells: readonly unknown[]): number {
  let bytes = 0;
  for (const cell of cells) {
    bytes += valueBytes;
    if (typeof cell === 'string') bytes += cell.length;
    else if (typeof cell === 'object' && cell !== null) bytes += sizeOf(Object.values(cell));
  }
  return bytes;
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
}

const unreadable = (path: string, error: unknown): MillraceError =>
  new MillraceError(
    'import_file_invalid',
    `${path} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
