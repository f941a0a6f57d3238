import { MillraceError } from '../errors.ts';
import { bodyTooLarge } from './read-body.ts';

/** What decoders should at least support, says RFC 8878, and what encoders keep to unless told otherwise. */
const windowBytesMax = 8 * 1024 * 1024;

const frameMagic = 0xfd2fb528;

/**
 * Walks the frames of a Zstandard body (RFC 8878, section 3.1) without
 * decompressing them, and refuses those that would need more memory than they
 * should: a header alone can ask for gigabytes.
 *
 * @throws MillraceError `invalid_body`, `body_too_large`.
 */
export function checkZstdFrames(bytes: Buffer, contentBytesMax: number): void {
  let at = 0;
  try {
    while (at < bytes.length) {
      const magic = bytes.readUInt32LE(at);
      at =
        magic >>> 4 === 0x184d2a5
          ? at + 8 + bytes.readUInt32LE(at + 4)
          : endOfFrame(bytes, at, magic, contentBytesMax);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MillraceError('invalid_body', 'The body is not zstd: it ends too early.');
  }
}

function endOfFrame(bytes: Buffer, from: number, magic: number, contentBytesMax: number): number {
  if (magic !== frameMagic) throw new MillraceError('invalid_body', 'The body is not zstd.');
  const descriptor = bytes.readUInt8(from + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;

  let at = from + 5;
  if (!isSingleSegment) {
    const window = bytes.readUInt8(at);
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > windowBytesMax) {
      throw new MillraceError(
        'unsupported_encoding',
        `The zstd window is larger than ${windowBytesMax} bytes.`,
      );
    }
    at += 1;
  }
  at += dictionaryIdBytes;
  if (contentSize(bytes, at, contentSizeBytes) > contentBytesMax) {
    throw bodyTooLarge(contentBytesMax);
  }
  at += contentSizeBytes;

  for (let isLast = false; !isLast; ) {
    const header = bytes.readUIntLE(at, 3);
    isLast = (header & 1) !== 0;
    const isRepeatedByte = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeatedByte ? 1 : header >> 3);
  }
  return at + (hasChecksum ? 4 : 0);
}

function contentSize(bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(bytes.readBigUInt64LE(at));
  return length === 0 ? 0 : bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}
