import { setImmediate } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../../ports/crash-points.ts';
import type { Disk } from '../../ports/disk.ts';
import type {
  AppendOptions,
  AppendReceipt,
  Log,
  LogRecord,
  LogSlice,
  SliceLimits,
} from '../../ports/log.ts';
import { requireLines } from '../../ports/require-lines.ts';
import { Turns } from '../../turns.ts';
import { nodeDisk } from '../node-disk.ts';
import { Group, type GroupBuffers, newGroupBuffers } from './group.ts';
import type { RecordIds } from './record-ids.ts';
import { recover } from './recovery.ts';
import { SegmentReader } from './segment-reader.ts';
import { Segments } from './segments.ts';

export interface SegmentLogOptions {
  /** Made if it is not there. One process at a time may use it. */
  readonly folder: string;
  readonly clock: Clock;
  /** Tells which records are there already; without one every record is new. The caller closes it. */
  readonly dedup?: RecordIds;
  /** A segment is sealed at this size. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Trimming keeps what is younger; null keeps everything. Default 0. */
  readonly retentionMs?: number | null;
  /** Records waiting to be written, in UTF-16 units; more are refused. Default 64 Mi. */
  readonly pendingBytesMax?: number;
  /** Below this much free space nothing is written, so that the store keeps room. Default 64 MiB. */
  readonly freeBytesMin?: number;
  /** How many ids are brought into one sorted file, which the next start does not have to load. Default 2^20. */
  readonly idsPerRunMin?: number;
  /** The first offset of a log that is not there yet. Default 0. */
  readonly base?: number;
  readonly reach?: ReachCrashPoint;
  readonly disk?: Disk;
}

const mebibyte = 1024 * 1024;

/** A group is closed at this size, so that a frame stays quick to write and to check. */
const groupBytesMax = 4 * mebibyte;

/**
 * The durable log in a folder of segments: see frame.ts for the format,
 * recovery.ts for what a crash may leave.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<Log> {
  const { folder, disk = nodeDisk, dedup, clock } = options;
  const at = { disk, folder };
  await disk.makeFolder(folder);
  const freeBytesMin = options.freeBytesMin ?? 64 * mebibyte;
  const { idsPerRunMin = 2 ** 20 } = options;
  const now = clock.now();
  const found = await recover(at, dedup, { idsPerRunMin, freeBytesMin }, now, options.base);
  found.idRuns?.work(now);
  const segments = new Segments(
    {
      at,
      dedup,
      segmentBytes: options.segmentBytes ?? 64 * mebibyte,
      freeBytesMin,
    },
    found,
  );
  return new SegmentLog(options, segments, new SegmentReader(disk, found.seed));
}

class SegmentLog implements Log {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #dedup: RecordIds | undefined;
  readonly #retentionMs: number | null;
  readonly #pendingBytesMax: number;
  readonly #reach: ReachCrashPoint;
  readonly #segments: Segments;
  readonly #reader: SegmentReader;

  /** The group being written, and those gathered behind it, oldest first. */
  #inFlight: Group | undefined;
  readonly #queue: Group[] = [];
  #pendingBytes = 0;
  #spare: GroupBuffers | undefined;
  #writing: Promise<void> | undefined;
  readonly #reads = new Turns();
  readonly #waiting = new Set<{
    offset: number;
    resolve: () => void;
    reject: (e: Error) => void;
  }>();
  #closing: Promise<void> | undefined;

  constructor(options: SegmentLogOptions, segments: Segments, reader: SegmentReader) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#dedup = options.dedup;
    this.#retentionMs = options.retentionMs === undefined ? 0 : options.retentionMs;
    this.#pendingBytesMax = options.pendingBytesMax ?? 64 * mebibyte;
    this.#reach = options.reach ?? survive;
    this.#segments = segments;
    this.#reader = reader;
  }

  get start(): number {
    return this.#segments.start;
  }

  get end(): number {
    return this.#segments.end;
  }

  get sizeBytes(): number {
    return this.#segments.sizeBytes;
  }

  marks(): ReadonlyMap<string, number> {
    return new Map(this.#segments.marks);
  }

  append(records: readonly LogRecord[], options: AppendOptions = {}): Promise<AppendReceipt> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const lines = linesOf(records);
      const units = lines.length;
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
        const all = admitted.records === records;
        group.add(all ? lines : linesOf(admitted.records), admitted.records.length, admitted.ids);
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
          `Offset ${from} was asked for; ${this.#folder} ends at ${this.end}.`,
        );
      if (from === this.end) return { from, to: from, lines: noBytes, appendedAt: 0 };
      const segment = this.#segments.at(from);
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
      const now = this.#clock.now();
      for (;;) {
        const { oldestSealed: oldest, oldestSealedAt } = this.#segments;
        if (oldest === undefined || oldest.end > offset) break;
        if (this.#retentionMs === null || oldestSealedAt + this.#retentionMs > now) break;
        await this.#reader.release(oldest);
        await this.#segments.deleteSegment(oldest);
        this.#reach('log-trimming');
      }
      await this.#segments.deleteIds(now);
    });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#writing;
      await this.#reads.take(() => this.#reader.close());
      await this.#segments.close();
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
    const group = new Group(at, this.#spare ?? newGroupBuffers());
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
        this.#dedup?.advance(this.#clock.now());
        await this.#segments.write(group);
      } catch (error) {
        this.#fail([group, ...this.#queue.splice(0)], error);
        continue;
      } finally {
        this.#inFlight = undefined;
      }
      this.#pendingBytes -= bytes;
      this.#reach('log-appended');
      this.#finish(group);
    }
    this.#writing = undefined;
  }

  /** Tells everyone that the group is durable. */
  #finish(group: Group): void {
    for (const waiter of this.#waiting) if (this.end > waiter.offset) waiter.resolve();
    for (const { resolve, receipt } of group.waiters) resolve(receipt);
    if (group.buffers.frame.capacity <= 2 * groupBytesMax) this.#spare = group.buffers;
  }

  /**
   * Gives up groups that could not be written. Those that gathered behind the
   * failed one go with it: their duplicates may be of its records.
   */
  #fail(groups: readonly Group[], cause: unknown): void {
    const what = cause instanceof Error ? cause.message : String(cause);
    const error = new MillraceError('log_full', `${this.#folder}: ${what}`, { cause });
    for (const group of groups.toReversed()) this.#dedup?.forget(group.ids, group.at);
    this.#pendingBytes = 0;
    for (const group of groups) for (const { reject } of group.waiters) reject(error);
  }
}

const noBytes = Buffer.alloc(0);

function linesOf(records: readonly LogRecord[]): string {
  let lines = '';
  for (const { value } of records) lines += `${value}\n`;
  if (countLines(lines) !== records.length) requireLines(records);
  return lines;
}

/** Of all records together: to search each by itself would copy each once more. */
function countLines(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count += 1;
  return count;
}
