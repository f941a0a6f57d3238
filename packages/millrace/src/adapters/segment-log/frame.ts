import { crc32 } from 'node:zlib';

/**
 * A frame is one group commit:
 *
 * | bytes | what |
 * |---|---|
 * | 4 | magic; its first byte never occurs in UTF-8, so that no record can look like a frame |
 * | 4 | CRC-32 of all that follows, begun from the log's own seed |
 * | 4, 4, 4, 4 | bytes of lines, number of records, bytes of ids, bytes of marks |
 * | 8, 8 | offset of the first record, append time (ms since the epoch) |
 * | … | lines: each record and a newline |
 * | … | ids: 16 bytes a record, or none |
 * | … | marks: JSON, `[[producer, position], …]`, or none |
 *
 * Numbers are little-endian. Lines come first so that they can be written in
 * place while the group is still gathering.
 */
export interface FrameHeader {
  readonly linesBytes: number;
  readonly records: number;
  readonly idsBytes: number;
  readonly marksBytes: number;
  readonly base: number;
  readonly appendedAt: number;
}

/** A frame whose checksum holds. Its bytes may be overwritten by the next read. */
export interface Frame extends FrameHeader {
  readonly whole: Buffer;
  readonly lines: Buffer;
  readonly ids: Buffer;
  readonly marks: Marks;
}

export type Marks = readonly (readonly [producer: string, position: number])[];

export const frameHeaderBytes = 40;
export const frameMagic: Uint8Array = Uint8Array.of(0xff, 0x4d, 0x52, 0x46); // "MRF"

const crcFrom = 8;

export function frameBytes(header: FrameHeader): number {
  return frameHeaderBytes + header.linesBytes + header.idsBytes + header.marksBytes;
}

/** Fills in the header of `frame`, whose lines, ids and marks are in place. */
export function sealFrame(frame: Buffer, header: FrameHeader, seed: number): void {
  frame.set(frameMagic, 0);
  frame.writeUInt32LE(header.linesBytes, 8);
  frame.writeUInt32LE(header.records, 12);
  frame.writeUInt32LE(header.idsBytes, 16);
  frame.writeUInt32LE(header.marksBytes, 20);
  frame.writeBigInt64LE(BigInt(header.base), 24);
  frame.writeBigInt64LE(BigInt(header.appendedAt), 32);
  frame.writeUInt32LE(crc32(frame.subarray(crcFrom), seed), 4);
}

/** What the header says, unchecked but for its magic. */
export function frameHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < frameHeaderBytes) return undefined;
  if (!frameMagic.every((byte, at) => bytes[at] === byte)) return undefined;
  return {
    linesBytes: bytes.readUInt32LE(8),
    records: bytes.readUInt32LE(12),
    idsBytes: bytes.readUInt32LE(16),
    marksBytes: bytes.readUInt32LE(20),
    base: Number(bytes.readBigInt64LE(24)),
    appendedAt: Number(bytes.readBigInt64LE(32)),
  };
}

/** `frame` is exactly the bytes of one frame. */
export function frameHolds(frame: Buffer, seed: number): boolean {
  return crc32(frame.subarray(crcFrom), seed) === frame.readUInt32LE(4);
}

export function encodeMarks(marks: Marks): Buffer {
  return marks.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(marks));
}

/** Only of bytes whose checksum holds. */
export function decodeMarks(bytes: Buffer): Marks {
  return bytes.length === 0 ? [] : JSON.parse(bytes.toString());
}
