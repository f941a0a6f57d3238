import { crc32 } from 'node:zlib';
import { decodeMarks, encodeMarks, type Marks } from './frame.ts';

/** The first bytes of a segment. */
export interface SegmentHeader {
  /** Offset of the segment's first record. */
  readonly base: number;
  /** Random, the same in all segments of one log; seeds every frame's checksum. */
  readonly logId: Uint8Array;
  /** Whether frames carry the hashes of the records' keys. */
  readonly hasIds: boolean;
  /** Each producer's position before this segment, so that older ones can go. */
  readonly marks: Marks;
}

/*
 * magic 8, CRC-32 of what follows 4, format 4, base offset 8, log id 16,
 * has ids 4, bytes of marks 4, marks.
 */
const magic = Buffer.from('\u00ffMRLOG\r\n', 'latin1');
const format = 1;
const fixedBytes = 48;
const crcFrom = 12;

export const logIdBytes = 16;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const marks = encodeMarks(header.marks);
  const bytes = Buffer.alloc(fixedBytes + marks.length);
  bytes.set(magic, 0);
  bytes.writeUInt32LE(format, 12);
  bytes.writeBigInt64LE(BigInt(header.base), 16);
  bytes.set(header.logId, 24);
  bytes.writeUInt32LE(header.hasIds ? 1 : 0, 40);
  bytes.writeUInt32LE(marks.length, 44);
  bytes.set(marks, fixedBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(crcFrom)), 8);
  return bytes;
}

/** Bytes of the whole header, given its first `segmentHeaderMin`; undefined if it is none. */
export function segmentHeaderBytes(start: Buffer): number | undefined {
  if (start.length < fixedBytes || !start.subarray(0, magic.length).equals(magic)) return undefined;
  return fixedBytes + start.readUInt32LE(44);
}

export const segmentHeaderMin = fixedBytes;

/** Undefined if the bytes fail their checksum. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (segmentHeaderBytes(bytes) !== bytes.length) return undefined;
  if (crc32(bytes.subarray(crcFrom)) !== bytes.readUInt32LE(8)) return undefined;
  if (bytes.readUInt32LE(12) !== format) return undefined;
  return {
    base: Number(bytes.readBigInt64LE(16)),
    logId: Uint8Array.prototype.slice.call(bytes, 24, 24 + logIdBytes),
    hasIds: bytes.readUInt32LE(40) === 1,
    marks: decodeMarks(bytes.subarray(fixedBytes)),
  };
}

export function frameSeed(logId: Uint8Array): number {
  return crc32(logId);
}
