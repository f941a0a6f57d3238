import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Files, LogFile } from './files.ts';
import { type Frame, frameBytes, frameHeader, frameHolds, frameMagic } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import type { RecordIds } from './record-ids.ts';
import { readSeal, type Seal, writeSeal } from './seal.ts';
import {
  baseOf,
  corrupt,
  emptySegment,
  extend,
  type Segment,
  sealPath,
  segmentPath,
} from './segment.ts';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  frameSeed,
  logIdBytes,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentHeaderMin,
} from './segment-header.ts';

/** The segment that is being written. */
export interface ActiveSegment {
  readonly file: LogFile;
  readonly segment: Segment;
  /** Hashes of its records' keys, for its seal. */
  readonly ids: GrowingBuffer;
}

/** A log as it was found on disk, its ids loaded into the dedup index. */
export interface Recovered {
  readonly logId: Uint8Array;
  readonly seed: number;
  /** Sealed segments, ascending. */
  readonly sealed: Segment[];
  readonly active: ActiveSegment;
  /** By base offset; those whose segment is gone included. */
  readonly seals: Map<number, Seal>;
  readonly marks: Map<string, number>;
}

/** Where a log is, and through what it is reached. */
export interface Disk {
  readonly files: Files;
  readonly folder: string;
}

/**
 * Opens the log in a folder, or begins one, and repairs what a crash can leave:
 * an unfinished file, a torn last frame, a missing seal.
 *
 * @throws MillraceError `log_corrupt` where something is damaged that no crash explains.
 */
export async function recover(
  { files, folder }: Disk,
  dedup: RecordIds | undefined,
  now: number,
): Promise<Recovered> {
  dedup?.advance(now);
  const names = await files.list(folder);
  for (const name of names.filter((each) => each.endsWith('.tmp')))
    await files.unlink(join(folder, name));
  const bases = basesOf(names, '.log');
  const sealBases = basesOf(names, '.ids');
  const newest = bases.at(-1);

  if (newest === undefined || sealBases.some((base) => base >= newest)) {
    if (sealBases.length > 0)
      throw corrupt(
        segmentPath(folder, sealBases.at(-1) ?? 0),
        0,
        'the newest segment is missing; offsets given out before would be given out again',
      );
    const logId = randomBytes(logIdBytes);
    const header = { base: 0, logId, hasIds: dedup !== undefined, marks: [] };
    const active = await createSegment({ files, folder }, header);
    const seed = frameSeed(logId);
    return { logId, seed, sealed: [], active, seals: new Map(), marks: new Map() };
  }

  const file = await files.open(segmentPath(folder, newest), 'write');
  try {
    const { header, bytes } = await readHeader(file, segmentPath(folder, newest), newest);
    if (header.hasIds !== (dedup !== undefined))
      throw new Error(`The log in ${folder} was begun ${header.hasIds ? 'with' : 'without'} ids.`);
    const seed = frameSeed(header.logId);
    const horizon = dedup === undefined ? Number.POSITIVE_INFINITY : dedup.horizon(now);
    const seals = new Map<number, Seal>();
    const sealed: Segment[] = [];

    for (const base of ascending(new Set([...bases, ...sealBases]))) {
      if (base === newest) continue;
      const path = sealPath(folder, base);
      const found = sealBases.includes(base)
        ? await readSeal(files, path, seed, (seal) => seal.newestAt >= horizon)
        : undefined;
      const hasSegment = bases.includes(base);
      if (found === undefined && !hasSegment)
        throw corrupt(path, 0, 'the ids of a trimmed segment are damaged');
      const until = bases.find((each) => each > base) ?? newest;
      const { seal, ids } = found ?? (await rebuildSeal({ files, folder }, base, until, seed));
      if (seal.base !== base || seal.end > until)
        throw corrupt(path, 0, `it says [${seal.base}, ${seal.end}) where ${until} follows`);
      if (!hasSegment && seal.newestAt < horizon) {
        await files.unlink(path);
        continue;
      }
      seals.set(base, seal);
      if (ids !== undefined && seal.newestAt >= horizon) dedup?.load(ids, seal.newestAt);
      if (hasSegment)
        sealed.push({ ...seal, path: segmentPath(folder, base), places: [...seal.places] });
    }

    const active: ActiveSegment = {
      file,
      segment: emptySegment(folder, newest, bytes),
      ids: new GrowingBuffer(64 * 1024),
    };
    const marks = new Map(header.marks);
    await scan(active, seed, (frame) => {
      for (const [producer, position] of frame.marks) marks.set(producer, position);
      if (frame.appendedAt >= horizon) dedup?.load(frame.ids, frame.appendedAt);
    });
    await cutTail(active, seed);
    await files.syncFolder(folder);
    return { logId: header.logId, seed, sealed, active, seals, marks };
  } catch (error) {
    await file.close();
    throw error;
  }
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

/** Makes the seal of a segment again from its frames, up to the offset that the next one begins with. */
export async function rebuildSeal(
  disk: Disk,
  base: number,
  until: number,
  seed: number,
): Promise<{ seal: Seal; ids: Buffer }> {
  const { files, folder } = disk;
  const path = segmentPath(folder, base);
  const file = await files.open(path, 'read');
  try {
    const { bytes } = await readHeader(file, path, base);
    const found = {
      file,
      segment: emptySegment(folder, base, bytes),
      ids: new GrowingBuffer(64 * 1024),
    };
    await scan(found, seed, () => {}, until);
    const { segment, ids } = found;
    if (segment.end < until && segment.bytes < (await file.size()))
      throw corrupt(path, segment.bytes, 'a frame is damaged');
    return {
      seal: await writeSeal(files, folder, sealPath(folder, base), segment, ids.bytes, seed),
      ids: ids.bytes,
    };
  } finally {
    await file.close();
  }
}

/** Takes in the frames of a segment until one is damaged, or `until` is reached. */
async function scan(
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
async function cutTail({ file, segment }: ActiveSegment, seed: number): Promise<void> {
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
  // The process that wrote the last frames may have died before they were durable.
  await file.sync();
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

async function readHeader(
  file: LogFile,
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

async function readUpTo(file: LogFile, bytes: number): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(bytes);
  return into.subarray(0, await file.read(into, 0));
}

function basesOf(names: readonly string[], extension: '.log' | '.ids'): number[] {
  return ascending(
    names.map((name) => baseOf(name, extension)).filter((base) => base !== undefined),
  );
}

const ascending = (numbers: Iterable<number>): number[] =>
  [...numbers].sort((one, other) => one - other);
