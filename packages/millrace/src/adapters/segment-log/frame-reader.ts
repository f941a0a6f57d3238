import type { DiskFile } from '../../ports/disk.ts';
import {
  decodeMarks,
  type Frame,
  type FrameHeader,
  frameBytes,
  frameHeader,
  frameHeaderBytes,
  frameHolds,
} from './frame.ts';

const readAheadBytes = 256 * 1024;

/** Reads the frames of one file through a buffer of its own, each checked once while it is there. */
export class FrameReader {
  readonly #file: DiskFile;
  readonly #seed: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** Where in the file the buffered bytes begin, and how many there are. */
  #position = 0;
  #length = 0;
  #checkedAt = -1;

  constructor(file: DiskFile, seed: number) {
    this.#file = file;
    this.#seed = seed;
  }

  /** The header of the frame at `position`, unchecked; undefined if there is none below `limit`. */
  async header(position: number, limit: number): Promise<FrameHeader | undefined> {
    return frameHeader(await this.#bytes(position, frameHeaderBytes, limit));
  }

  /** The frame at `position`; undefined if it is damaged or not whole below `limit`. */
  async frame(position: number, limit: number): Promise<Frame | undefined> {
    const header = await this.header(position, limit);
    if (header === undefined) return undefined;
    const total = frameBytes(header);
    if (position + total > limit) return undefined;
    const bytes = await this.#bytes(position, total, limit);
    if (bytes.length < total) return undefined;
    if (this.#checkedAt !== position) {
      if (!frameHolds(bytes, this.#seed)) return undefined;
      this.#checkedAt = position;
    }
    const ids = frameHeaderBytes + header.linesBytes;
    const marks = ids + header.idsBytes;
    return {
      ...header,
      whole: bytes,
      lines: bytes.subarray(frameHeaderBytes, ids),
      ids: bytes.subarray(ids, marks),
      marks: decodeMarks(bytes.subarray(marks)),
    };
  }

  /** Up to `count` bytes at `position`, fewer only at `limit` or the file's end. */
  async #bytes(position: number, count: number, limit: number): Promise<Buffer> {
    const from = position - this.#position;
    if (from < 0 || from > this.#length) {
      this.#position = position;
      this.#length = 0;
    } else if (this.#length - from < Math.min(count, limit - position)) {
      this.#buffer.copyWithin(0, from, this.#length);
      this.#position = position;
      this.#length -= from;
    }
    if (this.#position === position && this.#length < count) await this.#fill(count, limit);
    const start = position - this.#position;
    return this.#buffer.subarray(start, Math.min(start + count, this.#length));
  }

  async #fill(count: number, limit: number): Promise<void> {
    // What moved or is read again was not checked in its new bytes.
    this.#checkedAt = -1;
    const capacity = Math.max(count, readAheadBytes);
    if (this.#buffer.length < capacity) {
      const grown = Buffer.allocUnsafeSlow(capacity);
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    const end = Math.min(this.#position + this.#buffer.length, limit);
    const at = this.#position + this.#length;
    if (end > at)
      this.#length += await this.#file.read(
        this.#buffer.subarray(this.#length, this.#length + end - at),
        at,
      );
  }
}
