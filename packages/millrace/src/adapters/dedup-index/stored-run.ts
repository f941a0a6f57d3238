import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { BloomFilter } from './bloom-filter.ts';
import type { SortedHashes } from './merge-hashes.ts';
import { PAGE_BYTES, RunIndex } from './run-index.ts';

const HASH_BYTES = 16;
/** Whole pages; work for one turn of the event loop. */
export const storedPartBytes = 32 * PAGE_BYTES;
/** Synced as it goes, so that no other sync of this disk has to wait for all of it. */
const SYNC_BYTES = 64 * storedPartBytes;

/*
 * Hashes, in ascending order of their first word; pages of the index; filter;
 * about; number of hashes 8, bytes of filter 8, bytes of about 8, CRC-32 of all
 * behind the hashes, begun from a seed, 4, magic 8. A page of hashes is checked
 * when it is read.
 */
const magic = Buffer.from('\u00ffMRRUN\r\n', 'latin1');
const FOOTER_BYTES = 36;
const CRC_AT = 24;

/** What a run that is stored has beside its hashes. */
export interface StoredRun {
  readonly ids: number;
  readonly index: RunIndex;
  /** What its owner knows of it. */
  readonly about: Buffer;
  readonly fileBytes: number;
}

export interface RunToStore {
  /** How many hashes there are. */
  readonly ids: number;
  /** In parts of `storedPartBytes` but for the last. */
  readonly hashes: SortedHashes;
  readonly about: Buffer;
}

/** Writes a run to `path`. Durable when it resolves, but for the name. */
export async function writeStoredRun(
  disk: Disk,
  path: string,
  { ids, hashes, about }: RunToStore,
  seed: number,
): Promise<StoredRun> {
  const file = await disk.open(path, 'create');
  try {
    const index = RunIndex.forSize(ids);
    let end = 0;
    for await (const part of hashes) {
      if (end + part.byteLength > ids * HASH_BYTES) throw new RangeError('more hashes than said');
      index.add(part, part.byteLength, end);
      await file.write(bytesOf(part), end);
      end += part.byteLength;
      if (end % SYNC_BYTES === 0) await file.sync();
    }
    if (end !== ids * HASH_BYTES) throw new RangeError('fewer hashes than said');
    const filter = bytesOf(index.filter?.bits ?? new DataView(new ArrayBuffer(0)));
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeBigUInt64LE(BigInt(ids), 0);
    footer.writeBigUInt64LE(BigInt(filter.length), 8);
    footer.writeBigUInt64LE(BigInt(about.length), 16);
    const checked = [bytesOf(index.pages), filter, about, footer.subarray(0, CRC_AT)];
    footer.writeUInt32LE(crcOf(checked, seed), CRC_AT);
    footer.set(magic, CRC_AT + 4);
    for (const bytes of [...checked.slice(0, 3), footer]) {
      await file.write(bytes, end);
      end += bytes.length;
    }
    await file.sync();
    return { ids, index, about, fileBytes: end };
  } finally {
    await file.close();
  }
}

/** Reads all but the hashes. Undefined if it is not as it was written, or written with another seed. */
export async function readStoredRun(file: DiskFile, seed: number): Promise<StoredRun | undefined> {
  const fileBytes = await file.size();
  if (fileBytes < FOOTER_BYTES) return undefined;
  const footer = await readExactly(file, FOOTER_BYTES, fileBytes - FOOTER_BYTES);
  if (footer === undefined || !footer.subarray(CRC_AT + 4).equals(magic)) return undefined;
  const ids = Number(footer.readBigUInt64LE(0));
  const sizes = [
    RunIndex.pagesBytesFor(ids),
    Number(footer.readBigUInt64LE(8)),
    Number(footer.readBigUInt64LE(16)),
  ];
  let at = ids * HASH_BYTES;
  if (sizes.reduce((sum, size) => sum + size, at + FOOTER_BYTES) !== fileBytes) return undefined;
  const parts: Buffer[] = [];
  for (const size of sizes) {
    const part = await readExactly(file, size, at);
    if (part === undefined) return undefined;
    parts.push(part);
    at += size;
  }
  const [pages, filter, about] = parts;
  if (pages === undefined || filter === undefined || about === undefined) return undefined;
  const crc = crcOf([pages, filter, about, footer.subarray(0, CRC_AT)], seed);
  if (crc !== footer.readUInt32LE(CRC_AT)) return undefined;
  const index = new RunIndex(viewOf(pages), new BloomFilter(viewOf(filter)));
  return { ids, index, about, fileBytes };
}

/** The hashes of a stored run, in order. Throws if they are not as they were written. */
export async function* storedHashes(
  file: DiskFile,
  { ids, index }: StoredRun,
): AsyncGenerator<DataView, void, undefined> {
  const part = Buffer.allocUnsafeSlow(storedPartBytes);
  const view = viewOf(part);
  for (let at = 0; at < ids * HASH_BYTES; at += part.length) {
    const length = Math.min(part.length, ids * HASH_BYTES - at);
    if ((await file.read(part.subarray(0, length), at)) !== length)
      throw new Error('a run ends early');
    for (let start = 0; start < length; start += PAGE_BYTES) {
      const number = (at + start) / PAGE_BYTES;
      if (!index.holds(number, view, start, Math.min(start + PAGE_BYTES, length)))
        throw new Error(`page ${number} of a run is not as it was written`);
    }
    yield new DataView(view.buffer, view.byteOffset, length);
  }
}

async function readExactly(
  file: DiskFile,
  bytes: number,
  position: number,
): Promise<Buffer | undefined> {
  const into = Buffer.allocUnsafeSlow(bytes);
  return (await file.read(into, position)) === bytes ? into : undefined;
}

const crcOf = (parts: readonly Buffer[], seed: number): number =>
  parts.reduce((crc, part) => crc32(part, crc), seed);

const bytesOf = (view: DataView): Buffer =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength);

const viewOf = (bytes: Buffer): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
