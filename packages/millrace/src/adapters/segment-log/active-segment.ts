import type { Files, LogFile } from './files.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { emptySegment, type Segment, segmentPath } from './segment.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';

/** Where a log is, and through what it is reached. */
export interface Disk {
  readonly files: Files;
  readonly folder: string;
}

/** The segment that is being written. */
export interface ActiveSegment {
  readonly file: LogFile;
  readonly segment: Segment;
  /** Hashes of its records' keys, for its seal. */
  readonly ids: GrowingBuffer;
}

/** A new segment, durable under its name before anything is written to it. */
export async function createSegment(
  { files, folder }: Disk,
  header: SegmentHeader,
): Promise<ActiveSegment> {
  const path = segmentPath(folder, header.base);
  const bytes = encodeSegmentHeader(header);
  const file = await files.open(`${path}.tmp`, 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
    await files.rename(`${path}.tmp`, path);
    await files.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  const segment = emptySegment(folder, header.base, bytes.length);
  return { file, segment, ids: new GrowingBuffer(64 * 1024) };
}
