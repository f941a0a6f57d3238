import type { Disk, DiskFile } from '../../ports/disk.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { emptySegment, type Segment, segmentPath } from './segment.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';

/** Where a log is, and through what it is reached. */
export interface LogFolder {
  readonly disk: Disk;
  readonly folder: string;
}

/** The segment that is being written. */
export interface ActiveSegment {
  readonly file: DiskFile;
  readonly segment: Segment;
  /** Hashes of its records' keys, for its seal. */
  readonly ids: GrowingBuffer;
}

/** A new segment, durable under its name before anything is written to it. */
export async function createSegment(
  { disk, folder }: LogFolder,
  header: SegmentHeader,
): Promise<ActiveSegment> {
  const path = segmentPath(folder, header.base);
  const bytes = encodeSegmentHeader(header);
  const file = await disk.open(`${path}.tmp`, 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
    await disk.rename(`${path}.tmp`, path);
    await disk.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  const segment = emptySegment(folder, header.base, bytes.length);
  return { file, segment, ids: new GrowingBuffer(64 * 1024) };
}
