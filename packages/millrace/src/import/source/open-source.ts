import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../../errors.ts';
import type { ImportDefinition, ImportFormat } from '../define-import.ts';
import type { RowSource } from '../raw-row.ts';
import { openCsv } from './csv.ts';
import { openNdjson } from './ndjson.ts';
import { openParquet } from './parquet.ts';
import { decodeText } from './text.ts';

/** A file as it was found. */
export interface ImportFile {
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  readonly gzipped: boolean;
  readonly format: ImportFormat;
  /**
   * SHA-256, as 32 hex digits, of what is in it when it is unpacked: packing the
   * same rows again, or better, does not make them others.
   */
  readonly digest: string;
}

/** Told how much of the file has been read, 0 to 1. */
export type OnShare = (share: number) => void;

/**
 * Looks at a file: what it is and what is in it. Reads it once.
 *
 * @throws MillraceError `import_file_invalid`.
 */
export async function examineFile(
  path: string,
  definition: Pick<ImportDefinition, 'format'>,
  onShare: OnShare,
): Promise<ImportFile> {
  const bytes = await sizeOf(path);
  const gzipped = await isGzipped(path);
  const hash = createHash('sha256');
  let start = Buffer.alloc(0);
  for await (const chunk of unpacked(path, gzipped, bytes, onShare)) {
    if (start.length < startBytes) start = Buffer.concat([start, chunk]).subarray(0, startBytes);
    hash.update(chunk);
  }
  const format = definition.format ?? formatOf(path, start);
  return { path, bytes, gzipped, format, digest: hash.digest('hex').slice(0, 32) };
}

/**
 * Opens its rows.
 *
 * @param folder for what has to be unpacked first.
 * @throws MillraceError `import_file_invalid`, `import_invalid`.
 */
export async function openRows(
  file: ImportFile,
  definition: Pick<ImportDefinition, 'delimiter' | 'encoding'>,
  folder: string,
  onShare: OnShare,
): Promise<RowSource> {
  if (file.format === 'parquet') {
    const path = file.gzipped ? await unpackInto(folder, file.path) : file.path;
    return openParquet(path, onShare);
  }
  const text = decodeText(
    unpacked(file.path, file.gzipped, file.bytes, onShare),
    definition.encoding ?? 'utf-8',
  );
  if (file.format === 'ndjson') return openNdjson(text);
  return openCsv(text, definition.delimiter ?? (file.format === 'tsv' ? '\t' : undefined));
}

const startBytes = 4096;
const gzipMagic = [0x1f, 0x8b];

/** Content speaks before the name where it cannot be mistaken. */
function formatOf(path: string, start: Buffer): ImportFormat {
  if (start.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  const name = basename(path).toLowerCase().replace(/\.gz$/, '');
  if (/\.(ndjson|jsonl|json)$/.test(name)) return 'ndjson';
  if (/\.(tsv|tab)$/.test(name)) return 'tsv';
  if (/\.csv$/.test(name)) return 'csv';
  return /^\ufeff?\s*\{/.test(start.toString()) ? 'ndjson' : 'csv';
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw new MillraceError('import_file_invalid', `There is no file ${path}.`, { cause: error });
  }
  throw new MillraceError('import_file_invalid', `${path} is not a file.`);
}

async function isGzipped(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return gzipMagic.every((byte, at) => buffer[at] === byte);
  } finally {
    await handle.close();
  }
}

async function* unpacked(
  path: string,
  gzipped: boolean,
  size: number,
  onShare: OnShare,
): AsyncGenerator<Buffer> {
  let read = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      read += chunk.length;
      onShare(read / size);
      done(null, chunk);
    },
  });
  const source = createReadStream(path, { highWaterMark: 64 * 1024 }).on('error', (error) =>
    counting.destroy(error),
  );
  const bytes = gzipped
    ? source.pipe(counting).pipe(createGunzip({ chunkSize: 64 * 1024 }))
    : source.pipe(counting);
  counting.on('error', (error) => bytes.destroy(error));
  try {
    yield* bytes;
  } catch (error) {
    throw new MillraceError(
      'import_file_invalid',
      `${path} cannot be read${gzipped ? ' to the end as gzip' : ''}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    source.destroy();
  }
}

async function unpackInto(folder: string, path: string): Promise<string> {
  const target = join(folder, 'unpacked');
  await pipeline(createReadStream(path), createGunzip(), createWriteStream(target));
  return target;
}
