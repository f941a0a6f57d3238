import { mkdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../../ports/crash-points.ts';
import type {
  AppendOptions,
  AppendReceipt,
  Log,
  LogRecord,
  LogSlice,
  SliceLimits,
} from '../../ports/log.ts';
import type { DedupIndex } from '../dedup-index/dedup-index.ts';
import { type Files, localFiles } from './files.ts';
import { Group } from './group.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import {
  type ActiveSegment,
  createSegment,
  type Disk,
  type Recovered,
  rebuildSeal,
  recover,
} from './recovery.ts';
import { type Seal, sealBytes, writeSeal } from './seal.ts';
import { extend, type Segment, sealPath } from './segment.ts';
import { SegmentReader } from './segment-reader.ts';
import { Turns } from './turns.ts';

export interface SegmentLogOptions {
  /** Made if it is not there. One process at a time may use it. */
  readonly folder: string;
  readonly clock: Clock;
  /** Tells which records are there already; without one every record is new. The caller closes it. */
  readonly dedup?: DedupIndex;
  /** A segment is sealed at this size. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Trimming keeps what is younger; null keeps everything. Default 0. */
  readonly retentionMs?: number | null;
  /** Records waiting to be written, in UTF-16 units; more are refused. Default 64 Mi. */
  readonly pendingBytesMax?: number;
  /** Below this much free space nothing is written, so that the store keeps room. Default 64 MiB. */
  readonly freeBytesMin?: number;
  readonly reach?: ReachCrashPoint;
  readonly files?: Files;
}

const mebibyte = 1024 * 1024;

/** A group is closed at this size, so that a frame stays quick to write and to check. */
const groupBytesMax = 4 * mebibyte;
const groupBytesStart = 256 * 1024;
const freeSpaceCheckMs = 1000;

/**
 * The durable log in a folder of segments: see frame.ts for the format,
 * recovery.ts for what a crash may leave.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<Log> {
  const { folder, files = localFiles, dedup, clock } = options;
  await mkdir(folder, { recursive: true });
  return new SegmentLog(
    options,
    { files, folder },
    await recover({ files, folder }, dedup, clock.now()),
  );
}

class SegmentLog implements Log {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #dedup: DedupIndex | undefined;
  readonly #segmentBytes: number;
  readonly #retentionMs: number | null;
  readonly #pendingBytesMax: number;
  readonly #freeBytesMin: number;
  readonly #reach: ReachCrashPoint;

  readonly #logId: Uint8Array;
  readonly #seed: number;
  readonly #sealed: Segment[];
  readonly #seals: Map<number, Seal>;
  readonly #marks: Map<string, number>;
  readonly #reader: SegmentReader;
  #active: ActiveSegment;

  /** The group being written, and those gathered behind it, oldest first. */
  #inFlight: Group | undefined;
  readonly #queue: Group[] = [];
  #pendingBytes = 0;
  #spare: GrowingBuffer | undefined;
  #writing: Promise<void> | undefined;
  #damage: Damage = 'none';
  #space = { checkedAt: Number.NEGATIVE_INFINITY, freeBytes: 0 };

  readonly #reads = new Turns();
  #sealing: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<{
    offset: number;
    resolve: () => void;
    reject: (e: Error) => void;
  }>();
  #closing: Promise<void> | undefined;

  constructor(options: SegmentLogOptions, disk: Disk, found: Recovered) {
    this.#disk = disk;
    this.#clock = options.clock;
    this.#dedup = options.dedup;
    this.#segmentBytes = options.segmentBytes ?? 64 * mebibyte;
    this.#retentionMs = options.retentionMs === undefined ? 0 : options.retentionMs;
    this.#pendingBytesMax = options.pendingBytesMax ?? 64 * mebibyte;
    this.#freeBytesMin = options.freeBytesMin ?? 64 * mebibyte;
    this.#reach = options.reach ?? survive;
    this.#logId = found.logId;
    this.#seed = found.seed;
    this.#sealed = found.sealed;
    this.#seals = found.seals;
    this.#marks = found.marks;
    this.#active = found.active;
    this.#reader = new SegmentReader(disk.files, found.seed);
  }

  get start(): number {
    return (this.#sealed[0] ?? this.#active.segment).base;
  }

  get end(): number {
    return this.#active.segment.end;
  }

  get sizeBytes(): number {
    let bytes = this.#active.segment.bytes;
    for (const segment of this.#sealed) bytes += segment.bytes;
    for (const seal of this.#seals.values()) bytes += sealBytes(seal);
    return bytes;
  }

  marks(): ReadonlyMap<string, number> {
    return new Map(this.#marks);
  }

  append(records: readonly LogRecord[], options: AppendOptions = {}): Promise<AppendReceipt> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const units = countUnits(records);
      if (this.#pendingBytes + units > this.#pendingBytesMax)
        throw new MillraceError(
          'log_overloaded',
          `${this.#pendingBytes} bytes wait to be written and ${units} came; ${this.#pendingBytesMax} may wait.`,
        );
      const open = this.#openGroup();
      const at = open?.at ?? this.#clock.now();
      const admitted = this.#admit(records, at);
      const receipt = {
        appended: admitted.records.length,
        duplicates: records.length - admitted.records.length,
      };
      let group = open;
      if (admitted.records.length > 0 || options.mark !== undefined) {
        group ??= this.#newGroup(at);
        const before = group.bytes;
        group.add(linesOf(admitted.records), admitted.records.length, admitted.ids);
        if (options.mark !== undefined) group.mark(options.mark.producer, options.mark.position);
        this.#pendingBytes += group.bytes - before;
      }
      // Nothing of its own to write: what it repeats is in the newest group at the latest.
      group ??= this.#queue.at(-1) ?? this.#inFlight;
      if (group === undefined) resolve(receipt);
      else group.waiters.push({ receipt, resolve, reject });
    });
  }

  async read(from: number, limits: SliceLimits): Promise<LogSlice> {
    this.#assertOpen();
    return this.#reads.take(async () => {
      if (from < this.start)
        throw new MillraceError(
          'log_trimmed',
          `Offset ${from} was asked for; the log begins at ${this.start}.`,
        );
      if (from > this.end)
        throw new MillraceError(
          'log_corrupt',
          `Offset ${from} was asked for; ${this.#disk.folder} ends at ${this.end}.`,
        );
      if (from === this.end) return { from, to: from, lines: noBytes, appendedAt: 0 };
      const segment = this.#segmentAt(from);
      return this.#reader.read(segment, Math.max(from, segment.base), limits);
    });
  }

  waitPast(offset: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      if (this.end > offset || signal.aborted) return resolve();
      const settle = (done: () => void): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', waiter.resolve);
        done();
      };
      const waiter = {
        offset,
        resolve: () => settle(resolve),
        reject: (error: Error) => settle(() => reject(error)),
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', waiter.resolve);
    });
  }

  async trim(offset: number): Promise<void> {
    this.#assertOpen();
    // A turn of the reads: no segment goes while one is read from it.
    return this.#reads.take(async () => {
      await this.#sealing;
      const now = this.#clock.now();
      for (let oldest = this.#sealed[0]; oldest !== undefined; oldest = this.#sealed[0]) {
        const retained = this.#retentionMs === null || oldest.newestAt + this.#retentionMs > now;
        if (oldest.end > offset || retained) break;
        await this.#deleteSegment(oldest);
      }
      await this.#deleteSeals(now);
    });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#writing;
      await this.#sealing;
      await this.#reads.take(() => this.#reader.close());
      await this.#active.file.close();
      const closed = new MillraceError('shutting_down', 'The log is closed.');
      for (const waiter of this.#waiting) waiter.reject(closed);
    })();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('shutting_down', 'The log is closed.');
  }

  #admit(
    records: readonly LogRecord[],
    at: number,
  ): { records: readonly LogRecord[]; ids: Uint8Array } {
    if (this.#dedup === undefined) return { records, ids: noBytes };
    const keys = records.map(({ key }) => key);
    const { fresh, freshCount, hashes } = this.#dedup.admit(keys, at);
    return {
      records: freshCount === records.length ? records : records.filter((_, i) => fresh[i] === 1),
      ids: hashes,
    };
  }

  /** The group that still takes records, if there is one. */
  #openGroup(): Group | undefined {
    const last = this.#queue.at(-1);
    return last !== undefined && last.bytes < groupBytesMax ? last : undefined;
  }

  #newGroup(at: number): Group {
    const group = new Group(at, this.#spare ?? new GrowingBuffer(groupBytesStart));
    this.#spare = undefined;
    this.#pendingBytes += group.bytes;
    this.#queue.push(group);
    this.#writing ??= this.#writeGroups();
    return group;
  }

  async #writeGroups(): Promise<void> {
    // What else arrives in this turn of the event loop joins the first group.
    await setImmediate();
    for (let group = this.#queue.shift(); group !== undefined; group = this.#queue.shift()) {
      this.#inFlight = group;
      const bytes = group.bytes;
      try {
        await this.#write(group);
        this.#reach('log-appended');
        this.#pendingBytes -= bytes;
        this.#finish(group);
      } catch (error) {
        this.#fail([group, ...this.#queue.splice(0)], error);
      }
      this.#inFlight = undefined;
    }
    this.#writing = undefined;
  }

  async #write(group: Group): Promise<void> {
    await this.#checkSpace(freeSpaceCheckMs);
    if (this.#damage !== 'none') await this.#repair();
    if (this.#isOver(group)) await this.#roll();
    const { file, segment, ids } = this.#active;
    const frame = group.seal(segment.end, this.#seed);
    this.#damage = 'unwritten';
    await file.write(frame, segment.bytes);
    this.#damage = 'unsynced';
    await file.sync();
    this.#damage = 'none';
    extend(segment, group.records, frame.length, group.at);
    ids.append(group.ids);
    this.#space.freeBytes -= frame.length;
  }

  /** Tells everyone that the group is durable. */
  #finish(group: Group): void {
    for (const [producer, position] of group.marks) this.#marks.set(producer, position);
    for (const waiter of this.#waiting) if (this.end > waiter.offset) waiter.resolve();
    for (const { resolve, receipt } of group.waiters) resolve(receipt);
    const buffer = group.release();
    if (buffer.capacity <= 2 * groupBytesMax) this.#spare = buffer;
    this.#dedup?.advance(this.#clock.now());
  }

  /**
   * Gives up groups that could not be written. Those that gathered behind the
   * failed one go with it: their duplicates may be of its records.
   */
  #fail(groups: readonly Group[], cause: unknown): void {
    const what = cause instanceof Error ? cause.message : String(cause);
    const error = new MillraceError('log_full', `${this.#disk.folder}: ${what}`, { cause });
    for (const group of groups.toReversed()) this.#dedup?.forget(group.ids, group.at);
    this.#pendingBytes = 0;
    for (const group of groups) for (const { reject } of group.waiters) reject(error);
  }

  /** Brings the file back to its durable length before anything else is written. */
  async #repair(): Promise<void> {
    const { file, segment } = this.#active;
    await file.truncate(segment.bytes);
    await file.sync();
    // After a failed sync the kernel may hold what the disk does not, so
    // nothing more is written to this file.
    if (this.#damage === 'unsynced') await this.#roll();
    this.#damage = 'none';
  }

  /** Whether the active segment ends before this group. */
  #isOver(group: Group): boolean {
    const { segment } = this.#active;
    if (segment.end === segment.base) return false;
    if (segment.bytes + group.bytes > this.#segmentBytes) return true;
    if (this.#dedup === undefined) return false;
    const { sliceMs } = this.#dedup;
    return Math.floor(segment.newestAt / sliceMs) !== Math.floor(group.at / sliceMs);
  }

  /** Begins a new segment; the one before is sealed while writing goes on. */
  async #roll(): Promise<void> {
    await this.#sealing;
    await this.#checkSpace(0);
    const before = this.#active;
    // Once the new name may exist, nothing may be written to the old file: see recovery.
    this.#damage = 'unsynced';
    this.#active = await createSegment(this.#disk, {
      base: before.segment.end,
      logId: this.#logId,
      hasIds: this.#dedup !== undefined,
      marks: [...this.#marks],
    });
    this.#damage = 'none';
    if (before.segment.end > before.segment.base) this.#sealed.push(before.segment);
    this.#sealing = this.#seal(before);
  }

  async #seal({ file, segment, ids }: ActiveSegment): Promise<void> {
    const { files, folder } = this.#disk;
    try {
      await file.close();
      if (segment.end === segment.base) return;
      const path = sealPath(folder, segment.base);
      this.#seals.set(
        segment.base,
        await writeSeal(files, folder, path, segment, ids.bytes, this.#seed),
      );
    } catch {
      // A seal is made again from its segment: by trim(), or when the log is next opened.
    }
  }

  async #checkSpace(ageMsMax: number): Promise<void> {
    const now = performance.now();
    if (now - this.#space.checkedAt >= ageMsMax) {
      const { files, folder } = this.#disk;
      this.#space = { checkedAt: now, freeBytes: await files.freeBytes(folder) };
    }
    if (this.#space.freeBytes < this.#freeBytesMin)
      throw new Error(
        `${this.#space.freeBytes} bytes are free on the disk; ${this.#freeBytesMin} must stay free.`,
      );
  }

  async #deleteSegment(segment: Segment): Promise<void> {
    const { files, folder } = this.#disk;
    if (!this.#seals.has(segment.base)) {
      const { seal } = await rebuildSeal(this.#disk, segment.base, segment.end, this.#seed);
      this.#seals.set(segment.base, seal);
    }
    await this.#reader.close();
    await files.unlink(segment.path);
    await files.syncFolder(folder);
    this.#sealed.shift();
    this.#reach('log-trimming');
  }

  /** Deletes the seals of deleted segments whose ids count no more. */
  async #deleteSeals(now: number): Promise<void> {
    const { files, folder } = this.#disk;
    const horizon = this.#dedup?.horizon(now) ?? Number.POSITIVE_INFINITY;
    for (const seal of this.#seals.values()) {
      if (seal.base >= this.start || seal.newestAt >= horizon) continue;
      await files.unlink(sealPath(folder, seal.base));
      this.#seals.delete(seal.base);
    }
    await files.syncFolder(folder);
  }

  /** The segment that holds `offset`, or the next one where its own was given up. */
  #segmentAt(offset: number): Segment {
    return this.#sealed.find((segment) => segment.end > offset) ?? this.#active.segment;
  }
}

type Damage =
  | 'none'
  /** Bytes of a failed frame may be behind the durable ones. */
  | 'unwritten'
  /** The file's last sync failed, or the next file may exist: it is written no more. */
  | 'unsynced';

const noBytes = Buffer.alloc(0);

function linesOf(records: readonly LogRecord[]): string {
  let lines = '';
  for (const { value } of records) lines += `${value}\n`;
  return lines;
}

/** UTF-16 units of all values, each of which must be one line. */
function countUnits(records: readonly LogRecord[]): number {
  let units = 0;
  for (const { key, value } of records) {
    if (value.includes('\n')) throw new RangeError(`The record ${key} is more than one line.`);
    units += value.length + 1;
  }
  return units;
}
