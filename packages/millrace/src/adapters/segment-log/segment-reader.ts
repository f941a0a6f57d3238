import { MillraceError } from '../../errors.ts';
import { type Disk, type DiskFile, isMissing } from '../../ports/disk.ts';
import type { LogSlice, SliceLimits } from '../../ports/log.ts';
import { type Frame, frameBytes } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { corrupt, placeBefore, type Segment } from './segment.ts';

/** Where the last read ended: the next one usually goes on there. */
interface Cursor {
  readonly offset: number;
  /** Place in the file of the frame that holds `offset`, or of the next one. */
  readonly position: number;
  /** Bytes of that frame's lines that lie before `offset`. */
  readonly skip: number;
}

/** Reads records out of segments, keeping the last used one open. One read at a time. */
export class SegmentReader {
  readonly #disk: Disk;
  readonly #seed: number;
  #open: { segment: Segment; file: DiskFile; frames: FrameReader } | undefined;
  #cursor: Cursor | undefined;

  constructor(disk: Disk, seed: number) {
    this.#disk = disk;
    this.#seed = seed;
  }

  /** `segment` holds `from`. Stops at the segment's end. */
  async read(segment: Segment, from: number, limits: SliceLimits): Promise<LogSlice> {
    const frames = await this.#framesOf(segment);
    // What is durable now; a longer segment is another read's business.
    const { end, bytes: limit } = segment;
    const lines = new GrowingBuffer(Math.min(limits.bytesMax, limit, 64 * 1024));
    let { offset, position, skip } = await this.#locate(frames, segment, from);
    let appendedAt = Number.NEGATIVE_INFINITY;
    const rowsMax = Math.max(1, limits.rowsMax);

    while (offset < end && offset - from < rowsMax) {
      const frame = await frames.frame(position, limit);
      if (frame === undefined) throw corrupt(segment.path, position, 'a frame is damaged');
      const records = frame.base + frame.records - offset;
      if (records < 0 || frame.base > offset)
        throw corrupt(segment.path, position, `offset ${frame.base} where ${offset} belongs`);
      const rest = frame.lines.subarray(skip);
      const cut = cutLines(
        rest,
        records,
        rowsMax - (offset - from),
        limits.bytesMax - lines.length,
      );
      if (cut.records === 0 && records > 0) {
        if (lines.length > 0) break;
        cut.records = 1;
        cut.bytes = rest.indexOf(newline) + 1;
      }
      lines.append(rest.subarray(0, cut.bytes));
      offset += cut.records;
      appendedAt = Math.max(appendedAt, frame.appendedAt);
      if (cut.records < records) {
        skip += cut.bytes;
        break;
      }
      position += frameBytes(frame);
      skip = 0;
    }
    this.#cursor = { offset, position, skip };
    return { from, to: offset, lines: lines.bytes, appendedAt };
  }

  /** Lets go of a segment that is about to be deleted. */
  async release(segment: Segment): Promise<void> {
    if (this.#open?.segment === segment) await this.close();
  }

  async close(): Promise<void> {
    const file = this.#open?.file;
    this.#open = undefined;
    this.#cursor = undefined;
    await file?.close();
  }

  async #framesOf(segment: Segment): Promise<FrameReader> {
    if (this.#open?.segment === segment) return this.#open.frames;
    await this.close();
    const file = await this.#openFile(segment);
    const frames = new FrameReader(file, this.#seed);
    this.#open = { segment, file, frames };
    return frames;
  }

  async #openFile(segment: Segment): Promise<DiskFile> {
    try {
      return await this.#disk.open(segment.path, 'read');
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      throw new MillraceError('log_corrupt', `${segment.path} is missing.`, { cause });
    }
  }

  async #locate(frames: FrameReader, segment: Segment, from: number): Promise<Cursor> {
    if (this.#cursor?.offset === from) return this.#cursor;
    let { position } = placeBefore(segment, from);
    for (;;) {
      const header = await frames.header(position, segment.bytes);
      if (header === undefined || header.base > from)
        throw corrupt(segment.path, position, 'a frame is damaged');
      if (from < header.base + header.records) break;
      position += frameBytes(header);
    }
    const frame = await frames.frame(position, segment.bytes);
    if (frame === undefined) throw corrupt(segment.path, position, 'a frame is damaged');
    return { offset: from, position, skip: bytesOf(frame, from - frame.base) };
  }
}

const newline = 0x0a;

/** Bytes of a frame's first `records` lines. */
const bytesOf = (frame: Frame, records: number): number =>
  cutLines(frame.lines, frame.records, records, Number.POSITIVE_INFINITY).bytes;

/** As many whole lines, of the `records` there are, as the limits allow. */
function cutLines(
  lines: Buffer,
  records: number,
  recordsMax: number,
  bytesMax: number,
): { records: number; bytes: number } {
  if (records <= recordsMax && lines.length <= bytesMax) return { records, bytes: lines.length };
  const cut = { records: 0, bytes: 0 };
  while (cut.records < recordsMax) {
    const end = lines.indexOf(newline, cut.bytes) + 1;
    if (end === 0 || end > bytesMax) break;
    cut.records++;
    cut.bytes = end;
  }
  return cut;
}
