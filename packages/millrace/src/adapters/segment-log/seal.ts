import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { Place, Segment } from './segment.ts';

/**
 * A small file beside a sealed segment, so that opening the log reads neither
 * its frames nor their payload: what the segment holds, and the hashes of its
 * keys. It outlives its segment while its ids still count. Whatever is wrong
 * with it, it can be made again from the segment.
 */
export interface Seal extends Omit<Segment, 'path' | 'places'> {
  readonly places: readonly Place[];
  readonly idsBytes: number;
  readonly idsCrc: number;
}

/*
 * magic 8, CRC-32 of the rest of the summary 4, CRC-32 of the ids 4, number of
 * places 8, base 8, end 8, bytes 8, oldest 8, newest 8, bytes of ids 8,
 * places (offset 8, position 8), ids.
 */
const magic = Buffer.from('\u00ffMRIDS\r\n', 'latin1');
const fixedBytes = 72;
const placeBytes = 16;
const crcFrom = 12;

export function sealBytes(seal: Seal): number {
  return summaryBytes(seal.places.length) + seal.idsBytes;
}

const summaryBytes = (places: number): number => fixedBytes + places * placeBytes;

/** Writes the seal of a segment. Durable, name and all, when it resolves. */
export async function writeSeal(
  disk: Disk,
  folder: string,
  path: string,
  segment: Segment,
  ids: Uint8Array,
  seed: number,
): Promise<Seal> {
  const seal: Seal = {
    base: segment.base,
    end: segment.end,
    bytes: segment.bytes,
    oldestAt: segment.oldestAt,
    newestAt: segment.newestAt,
    places: segment.places,
    idsBytes: ids.length,
    idsCrc: crc32(ids, seed),
  };
  const summary = encodeSummary(seal, seed);
  const temporary = `${path}.tmp`;
  const file = await disk.open(temporary, 'create');
  try {
    await file.write(summary, 0);
    await file.write(ids, summary.length);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncFolder(folder);
  return seal;
}

/** Undefined if the file is missing in part, fails its checksum, or is of another log. The ids are not read. */
export async function readSeal(disk: Disk, path: string, seed: number): Promise<Seal | undefined> {
  const file = await disk.open(path, 'read');
  try {
    const size = await file.size();
    const start = await readExactly(file, fixedBytes, 0, size);
    if (start === undefined || !start.subarray(0, magic.length).equals(magic)) return undefined;
    const bytes = summaryBytes(Number(start.readBigUInt64LE(16)));
    const summary = await readExactly(file, bytes, 0, size);
    if (summary === undefined) return undefined;
    if (crc32(summary.subarray(crcFrom), seed) !== summary.readUInt32LE(8)) return undefined;
    const seal = decodeSummary(summary);
    return size === sealBytes(seal) ? seal : undefined;
  } finally {
    await file.close();
  }
}

/** The ids beside a seal. Undefined if they fail their checksum. */
export async function readSealedIds(
  disk: Disk,
  path: string,
  seal: Seal,
  seed: number,
): Promise<Buffer | undefined> {
  const file = await disk.open(path, 'read');
  try {
    const from = summaryBytes(seal.places.length);
    const ids = await readExactly(file, seal.idsBytes, from, from + seal.idsBytes);
    return ids !== undefined && crc32(ids, seed) === seal.idsCrc ? ids : undefined;
  } finally {
    await file.close();
  }
}

async function readExactly(
  file: DiskFile,
  bytes: number,
  position: number,
  size: number,
): Promise<Buffer | undefined> {
  // A length that is damaged may be anything.
  if (position + bytes > size) return undefined;
  const into = Buffer.allocUnsafeSlow(bytes);
  return (await file.read(into, position)) === bytes ? into : undefined;
}

function encodeSummary(seal: Seal, seed: number): Buffer {
  const bytes = Buffer.alloc(summaryBytes(seal.places.length));
  bytes.set(magic, 0);
  bytes.writeUInt32LE(seal.idsCrc, 12);
  const numbers = [
    seal.places.length,
    seal.base,
    seal.end,
    seal.bytes,
    seal.oldestAt,
    seal.newestAt,
    seal.idsBytes,
    ...seal.places.flatMap(({ offset, position }) => [offset, position]),
  ];
  numbers.forEach((number, index) => {
    bytes.writeBigInt64LE(BigInt(number), 16 + 8 * index);
  });
  bytes.writeUInt32LE(crc32(bytes.subarray(crcFrom), seed), 8);
  return bytes;
}

function decodeSummary(bytes: Buffer): Seal {
  const number = (index: number): number => Number(bytes.readBigInt64LE(16 + 8 * index));
  const places: Place[] = [];
  for (let index = 0; index < number(0); index++)
    places.push({ offset: number(7 + 2 * index), position: number(8 + 2 * index) });
  return {
    base: number(1),
    end: number(2),
    bytes: number(3),
    oldestAt: number(4),
    newestAt: number(5),
    idsBytes: number(6),
    idsCrc: bytes.readUInt32LE(12),
    places,
  };
}
