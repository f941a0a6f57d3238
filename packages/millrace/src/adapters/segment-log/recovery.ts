import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DiskFile } from '../../ports/disk.ts';
import { type ActiveSegment, createSegment, type LogFolder } from './active-segment.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { IdLoader } from './id-loader.ts';
import { isIdRun } from './id-run.ts';
import { type IdRunLimits, IdRuns } from './id-runs.ts';
import { rebuildSeal, sealedIds } from './rebuild-seal.ts';
import type { RecordIds } from './record-ids.ts';
import { cutTail, readHeader, scanFrames } from './scan.ts';
import { readSeal, type Seal } from './seal.ts';
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
  /** Undefined if there is no dedup index. */
  readonly idRuns: IdRuns | undefined;
  readonly marks: Map<string, number>;
}

/**
 * Opens the log in a folder, or begins one, and repairs what a crash can leave:
 * an unfinished file, a torn last frame, a missing seal.
 *
 * @param base the first offset of a log that is begun.
 * @throws MillraceError `log_corrupt` where something is damaged that no crash explains.
 */
export async function recover(
  at: LogFolder,
  dedup: RecordIds | undefined,
  limits: IdRunLimits,
  now: number,
  base = 0,
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
    ? beginLog(at, dedup, limits, now, base)
    : openLog(at, { segments, seals, newest, runs: names.filter(isIdRun) }, dedup, limits, now);
}

async function beginLog(
  at: LogFolder,
  dedup: RecordIds | undefined,
  limits: IdRunLimits,
  now: number,
  base: number,
): Promise<Recovered> {
  const logId = randomBytes(logIdBytes);
  const hasIds = dedup !== undefined;
  const active = await createSegment(at, { base, logId, hasIds, marks: [] });
  const seed = frameSeed(logId);
  const seals = new Map<number, Seal>();
  const idRuns = dedup && (await IdRuns.open({ at, dedup, seals, seed, ...limits }, [], now));
  return { logId, seed, sealed: [], active, seals, idRuns, marks: new Map() };
}

/** Base offsets of the files there are. */
interface Found {
  readonly segments: ReadonlySet<number>;
  readonly seals: ReadonlySet<number>;
  readonly newest: number;
  /** Names of the runs of ids. */
  readonly runs: readonly string[];
}

async function openLog(
  at: LogFolder,
  found: Found,
  dedup: RecordIds | undefined,
  limits: IdRunLimits,
  now: number,
): Promise<Recovered> {
  const { disk, folder } = at;
  // A process may have died before a name was durable. What is written on the word of it,
  // such as the seal of the segment before, must not outlive it.
  await disk.syncFolder(folder);
  const path = segmentPath(folder, found.newest);
  const file = await disk.open(path, 'write');
  try {
    const { header, bytes } = await readHeader(file, path, found.newest);
    if (header.hasIds !== (dedup !== undefined))
      throw new Error(`The log in ${folder} was begun ${header.hasIds ? 'with' : 'without'} ids.`);
    const seed = frameSeed(header.logId);
    const horizon = dedup?.horizon(now) ?? Number.POSITIVE_INFINITY;
    const seals = await openSeals(at, found, seed, horizon);
    const idRuns =
      dedup && (await IdRuns.open({ at, dedup, seals, seed, ...limits }, found.runs, now));
    const loading = dedup && new IdLoader(dedup, horizon);
    const inRuns = idRuns?.bases;
    for (const seal of seals.values()) {
      if (seal.newestAt < horizon || inRuns?.has(seal.base)) continue;
      const hasSegment = found.segments.has(seal.base);
      loading?.add(await sealedIds(at, seal, hasSegment, seed), seal.newestAt);
    }
    const sealed = [...seals.values()]
      .filter(({ base }) => found.segments.has(base))
      .map((seal) => ({ ...seal, path: segmentPath(folder, seal.base), places: [...seal.places] }));
    const { active, marks } = await openActive(at, file, header, bytes);
    const { segment, ids } = active;
    loading?.add(ids.bytes, segment.newestAt);
    loading?.end();
    await disk.syncFolder(folder);
    return { logId: header.logId, seed, sealed, active, seals, idRuns, marks };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads the seals, makes missing ones, deletes outlived ones. */
async function openSeals(
  at: LogFolder,
  found: Found,
  seed: number,
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
    const kept = found.seals.has(base) ? await readSeal(disk, path, seed) : undefined;
    if (kept === undefined && !hasSegment)
      throw corrupt(path, 0, 'the ids of a deleted segment are damaged');
    const seal = kept ?? (await rebuildSeal(at, base, next, seed)).seal;
    if (seal.base !== base || seal.end > next)
      throw corrupt(path, 0, `it says [${seal.base}, ${seal.end}) where ${next} follows`);
    if (!hasSegment && seal.newestAt < horizon) await disk.unlink(path);
    else seals.set(base, seal);
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

function basesOf(names: readonly string[], extension: '.log' | '.ids'): Set<number> {
  return new Set(names.map((name) => baseOf(name, extension)).filter((base) => base !== undefined));
}
