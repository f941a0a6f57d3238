import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DiskFile } from '../../ports/disk.ts';
import { type ActiveSegment, createSegment, type LogFolder } from './active-segment.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { IdLoader } from './id-loader.ts';
import type { RecordIds } from './record-ids.ts';
import { cutTail, readHeader, scanFrames } from './scan.ts';
import { readSeal, type Seal, writeSeal } from './seal.ts';
import { baseOf, corrupt, emptySegment, type Segment, sealPath, segmentPath } from './segment.ts';
import { frameSeed, logIdBytes, type SegmentHeader } from './segment-header.ts';

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

/**
 * Opens the log in a folder, or begins one, and repairs what a crash can leave:
 * an unfinished file, a torn last frame, a missing seal.
 *
 * @throws MillraceError `log_corrupt` where something is damaged that no crash explains.
 */
export async function recover(
  at: LogFolder,
  dedup: RecordIds | undefined,
  now: number,
): Promise<Recovered> {
  const { disk, folder } = at;
  const names = await disk.list(folder);
  for (const name of names.filter((each) => each.endsWith('.tmp')))
    await disk.unlink(join(folder, name));
  const segments = basesOf(names, '.log');
  const seals = basesOf(names, '.ids');
  const newest = Math.max(...segments);
  const newestSeal = Math.max(...seals);
  if (seals.size > 0 && newestSeal >= newest)
    throw corrupt(
      segmentPath(folder, newestSeal),
      0,
      'a newer segment is missing; its offsets would be given out again',
    );
  dedup?.advance(now);
  return segments.size === 0
    ? beginLog(at, dedup !== undefined)
    : openLog(at, { segments, seals, newest }, dedup, now);
}

async function beginLog(at: LogFolder, hasIds: boolean): Promise<Recovered> {
  const logId = randomBytes(logIdBytes);
  const active = await createSegment(at, { base: 0, logId, hasIds, marks: [] });
  const seed = frameSeed(logId);
  return { logId, seed, sealed: [], active, seals: new Map(), marks: new Map() };
}

/** Base offsets of the files there are. */
interface Found {
  readonly segments: ReadonlySet<number>;
  readonly seals: ReadonlySet<number>;
  readonly newest: number;
}

async function openLog(
  at: LogFolder,
  found: Found,
  dedup: RecordIds | undefined,
  now: number,
): Promise<Recovered> {
  const { disk, folder } = at;
  const path = segmentPath(folder, found.newest);
  const file = await disk.open(path, 'write');
  try {
    const { header, bytes } = await readHeader(file, path, found.newest);
    if (header.hasIds !== (dedup !== undefined))
      throw new Error(`The log in ${folder} was begun ${header.hasIds ? 'with' : 'without'} ids.`);
    const seed = frameSeed(header.logId);
    const horizon = dedup?.horizon(now) ?? Number.POSITIVE_INFINITY;
    const loading = dedup && new IdLoader(dedup, horizon);
    const seals = await openSeals(at, found, seed, loading, horizon);
    const sealed = [...seals.values()]
      .filter(({ base }) => found.segments.has(base))
      .map((seal) => ({ ...seal, path: segmentPath(folder, seal.base), places: [...seal.places] }));
    const { active, marks } = await openActive(at, file, header, bytes);
    const { segment, ids } = active;
    loading?.add(ids.bytes, segment.newestAt);
    loading?.end();
    await disk.syncFolder(folder);
    return { logId: header.logId, seed, sealed, active, seals, marks };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads the seals, makes missing ones, deletes outlived ones, and loads the ids that still count. */
async function openSeals(
  at: LogFolder,
  found: Found,
  seed: number,
  loading: IdLoader | undefined,
  horizon: number,
): Promise<Map<number, Seal>> {
  const { disk, folder } = at;
  const seals = new Map<number, Seal>();
  const bases = [...new Set([...found.segments, ...found.seals])].sort((one, two) => one - two);
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1];
    if (next === undefined) break;
    const path = sealPath(folder, base);
    const hasSegment = found.segments.has(base);
    const kept = found.seals.has(base)
      ? await readSeal(disk, path, seed, ({ newestAt }) => newestAt >= horizon)
      : undefined;
    if (kept === undefined && !hasSegment)
      throw corrupt(path, 0, 'the ids of a deleted segment are damaged');
    const { seal, ids } = kept ?? (await rebuildSeal(at, base, next, seed));
    if (seal.base !== base || seal.end > next)
      throw corrupt(path, 0, `it says [${seal.base}, ${seal.end}) where ${next} follows`);
    if (!hasSegment && seal.newestAt < horizon) {
      await disk.unlink(path);
      continue;
    }
    seals.set(base, seal);
    if (ids !== undefined) loading?.add(ids, seal.newestAt);
  }
  return seals;
}

async function openActive(
  { folder }: LogFolder,
  file: DiskFile,
  header: SegmentHeader,
  headerBytes: number,
): Promise<{ active: ActiveSegment; marks: Map<string, number> }> {
  const segment = emptySegment(folder, header.base, headerBytes);
  const active = { file, segment, ids: new GrowingBuffer(64 * 1024) };
  const marks = new Map(header.marks);
  const seed = frameSeed(header.logId);
  const last = new GrowingBuffer(64 * 1024);
  await scanFrames(active, seed, (frame) => {
    last.clear();
    last.append(frame.whole);
    for (const [producer, position] of frame.marks) marks.set(producer, position);
  });
  await cutTail(active, seed);
  // Whoever wrote the last frame may have died before it was durable, or after
  // a sync that failed: the system then reads back what it will never write.
  if (last.length > 0) await file.write(last.bytes, segment.bytes - last.length);
  await file.sync();
  return { active, marks };
}

/** Makes the seal of a segment again from its frames, up to the offset that the next one begins with. */
export async function rebuildSeal(
  at: LogFolder,
  base: number,
  until: number,
  seed: number,
): Promise<{ seal: Seal; ids: Buffer }> {
  const { disk, folder } = at;
  const path = segmentPath(folder, base);
  const file = await disk.open(path, 'read');
  try {
    const { bytes } = await readHeader(file, path, base);
    const found = {
      file,
      segment: emptySegment(folder, base, bytes),
      ids: new GrowingBuffer(64 * 1024),
    };
    await scanFrames(found, seed, () => {}, until);
    const { segment, ids } = found;
    if (segment.end < until && segment.bytes < (await file.size()))
      throw corrupt(path, segment.bytes, 'a frame is damaged');
    return {
      seal: await writeSeal(disk, folder, sealPath(folder, base), segment, ids.bytes, seed),
      ids: ids.bytes,
    };
  } finally {
    await file.close();
  }
}

function basesOf(names: readonly string[], extension: '.log' | '.ids'): Set<number> {
  return new Set(names.map((name) => baseOf(name, extension)).filter((base) => base !== undefined));
}
