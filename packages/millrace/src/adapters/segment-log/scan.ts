import type { DiskFile } from '../../ports/disk.ts';
import type { ActiveSegment } from './active-segment.ts';
import { type Frame, frameBytes, frameHeader, frameHolds, frameMagic } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { corrupt, extend } from './segment.ts';
import {
  decodeSegmentHeader,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentHeaderMin,
} from './segment-header.ts';

/** The header of the segment that begins with `base`, and its bytes. */
export async function readHeader(
  file: DiskFile,
  path: string,
  base: number,
): Promise<{ header: SegmentHeader; bytes: number }> {
  const start = await readUpTo(file, segmentHeaderMin);
  const bytes = segmentHeaderBytes(start);
  const size = await file.size();
  const header =
    bytes === undefined || bytes > size
      ? undefined
      : decodeSegmentHeader(await readUpTo(file, bytes));
  if (bytes === undefined || header === undefined || header.base !== base)
    throw corrupt(path, 0, "the segment's header is damaged");
  return { header, bytes };
}

async function readUpTo(file: DiskFile, bytes: number): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(bytes);
  return into.subarray(0, await file.read(into, 0));
}

/** Takes in the frames of a segment until one is damaged, or `until` is reached. */
export async function scanFrames(
  { file, segment, ids }: ActiveSegment,
  seed: number,
  visit: (frame: Frame) => void,
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  const size = await file.size();
  const reader = new FrameReader(file, seed);
  while (segment.end < until) {
    const frame = await reader.frame(segment.bytes, size);
    if (frame === undefined || frame.base !== segment.end) return;
    extend(segment, frame.records, frameBytes(frame), frame.appendedAt);
    ids.append(frame.ids);
    visit(frame);
  }
}

/**
 * Cuts what lies behind the last good frame. A frame is written only when the
 * one before is durable, so a crash tears the last one at most: a good frame
 * behind a bad one means damage.
 */
export async function cutTail({ file, segment }: ActiveSegment, seed: number): Promise<void> {
  const size = await file.size();
  if (size > segment.bytes) {
    const tail = Buffer.allocUnsafeSlow(size - segment.bytes);
    const length = await file.read(tail, segment.bytes);
    if (hasFrame(tail.subarray(0, length), segment.end, seed))
      throw corrupt(
        segment.path,
        segment.bytes,
        'a frame is damaged; cutting the file there gives up the records behind',
      );
    await file.truncate(segment.bytes);
  }
}

function hasFrame(bytes: Buffer, baseMin: number, seed: number): boolean {
  for (let at = bytes.indexOf(frameMagic); at >= 0; at = bytes.indexOf(frameMagic, at + 1)) {
    const header = frameHeader(bytes.subarray(at));
    if (header === undefined || header.base < baseMin) continue;
    const end = at + frameBytes(header);
    if (end <= bytes.length && frameHolds(bytes.subarray(at, end), seed)) return true;
  }
  return false;
}
