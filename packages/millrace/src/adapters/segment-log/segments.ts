import { removeFile } from '../remove-file.ts';
import { type ActiveSegment, createSegment, type LogFolder } from './active-segment.ts';
import { Group, newGroupBuffers } from './group.ts';
import type { IdRuns } from './id-runs.ts';
import { rebuildSeal } from './rebuild-seal.ts';
import type { RecordIds } from './record-ids.ts';
import type { Recovered } from './recovery.ts';
import { type Seal, sealBytes, writeSeal } from './seal.ts';
import { corrupt, extend, type Segment, sealPath, segmentPath } from './segment.ts';

export interface SegmentsOptions {
  readonly at: LogFolder;
  /** Its time slices end segments; its horizon keeps seals. */
  readonly dedup: RecordIds | undefined;
  readonly segmentBytes: number;
  readonly freeBytesMin: number;
}

const freeSpaceCheckMs = 1000;

/**
 * The files of a log: one active segment that frames are added to, the sealed
 * ones before it, and their seals. After a failure it repairs itself before
 * the next frame is written.
 */
export class Segments {
  readonly #at: LogFolder;
  readonly #dedup: RecordIds | undefined;
  readonly #segmentBytes: number;
  readonly #freeBytesMin: number;
  readonly #logId: Uint8Array;
  readonly #seed: number;
  readonly #sealed: Segment[];
  readonly #seals: Map<number, Seal>;
  readonly #idRuns: IdRuns | undefined;
  readonly #marks: Map<string, number>;
  #active: ActiveSegment;
  #damage: Damage = 'none';
  #space = { checkedAt: Number.NEGATIVE_INFINITY, freeBytes: 0 };
  #sealing: Promise<void> = Promise.resolve();

  constructor(options: SegmentsOptions, found: Recovered) {
    this.#at = options.at;
    this.#dedup = options.dedup;
    this.#segmentBytes = options.segmentBytes;
    this.#freeBytesMin = options.freeBytesMin;
    this.#logId = found.logId;
    this.#seed = found.seed;
    this.#sealed = found.sealed;
    this.#seals = found.seals;
    this.#idRuns = found.idRuns;
    this.#marks = found.marks;
    this.#active = found.active;
  }

  get start(): number {
    return (this.#sealed[0] ?? this.#active.segment).base;
  }

  get end(): number {
    return this.#active.segment.end;
  }

  get marks(): ReadonlyMap<string, number> {
    return this.#marks;
  }

  get oldestSealed(): Segment | undefined {
    return this.#sealed[0];
  }

  /**
   * When the newest record of the oldest segment was appended, at the latest:
   * what came after it is a bound, should the clock have run ahead for a while.
   */
  get oldestSealedAt(): number {
    let at = this.#active.segment.oldestAt;
    for (const { oldestAt } of this.#sealed.slice(1)) at = Math.min(at, oldestAt);
    return Math.min(at, this.#sealed[0]?.newestAt ?? at);
  }

  get sizeBytes(): number {
    let bytes = this.#active.segment.bytes + (this.#idRuns?.sizeBytes ?? 0);
    for (const segment of this.#sealed) bytes += segment.bytes;
    for (const seal of this.#seals.values()) bytes += sealBytes(seal);
    return bytes;
  }

  /**
   * The segment that holds `offset`, or the next one where its own was given up.
   *
   * @throws MillraceError `log_corrupt` if its own is gone, and nothing came after it yet.
   */
  at(offset: number): Segment {
    const active = this.#active.segment;
    if (offset >= active.base) return active;
    const index = this.#sealed.findLastIndex((segment) => segment.base <= offset);
    const segment = this.#sealed[index];
    if (segment !== undefined && offset < segment.end) return segment;
    const next = this.#sealed[index + 1] ?? active;
    if (next.end > next.base) return next;
    const seal = [...this.#seals.values()].find(({ base, end }) => base <= offset && offset < end);
    const path = segmentPath(this.#at.folder, seal?.base ?? offset);
    throw corrupt(path, 0, 'the segment is missing, and no record came after it yet');
  }

  /** Adds the group as one frame. If this fails, nothing of it is in the log. */
  async write(group: Group): Promise<void> {
    await this.#checkSpace(freeSpaceCheckMs);
    if (this.#damage !== 'none') await this.#repair(group.at);
    if (this.#isOver(group)) await this.#roll(group.at);
    const { file, segment, ids } = this.#active;
    const frame = group.seal(segment.end, this.#seed);
    try {
      this.#damage = 'unwritten';
      await file.write(frame, segment.bytes);
      this.#damage = 'unsynced';
      await file.sync();
      this.#damage = 'none';
    } catch (error) {
      // Cut now if the disk lets us, so that a crash brings nothing back of
      // what is about to be refused; if not, before the next write.
      await this.#cut().catch(() => {});
      throw error;
    }
    extend(segment, group.records, frame.length, group.at);
    ids.append(group.ids);
    for (const [producer, position] of group.marks) this.#marks.set(producer, position);
    this.#space.freeBytes -= frame.length;
  }

  /** Deletes the oldest sealed segment, but not its seal. */
  async deleteSegment(segment: Segment): Promise<void> {
    const { disk, folder } = this.#at;
    await this.#sealing;
    if (!this.#seals.has(segment.base)) {
      const { seal } = await rebuildSeal(this.#at, segment.base, segment.end, this.#seed);
      this.#seals.set(segment.base, seal);
    }
    await removeFile(disk, segment.path);
    this.#sealed.shift();
    await disk.syncFolder(folder);
  }

  /** Deletes the runs, and the seals of deleted segments, whose ids count no more. */
  async deleteIds(now: number): Promise<void> {
    const { disk, folder } = this.#at;
    const horizon = this.#dedup?.horizon(now) ?? Number.POSITIVE_INFINITY;
    const past = [...this.#seals.values()].filter(
      ({ base, newestAt }) => base < this.start && newestAt < horizon,
    );
    for (const { base } of past) {
      await removeFile(disk, sealPath(folder, base));
      this.#seals.delete(base);
    }
    const hadRuns = await this.#idRuns?.deleteExpired(now);
    if (past.length > 0 || hadRuns) await disk.syncFolder(folder);
  }

  async close(): Promise<void> {
    try {
      if (this.end > this.#active.segment.base) await this.#writeLastFrame();
    } catch {
      // The log is whole without it.
    } finally {
      await this.#sealing;
      await this.#idRuns?.close();
      await this.#active.file.close();
    }
  }

  /**
   * An empty frame: with a good frame behind it, damage to the last records
   * can be told from what a crash leaves, which is cut.
   */
  #writeLastFrame(): Promise<void> {
    return this.write(new Group(this.#active.segment.newestAt, newGroupBuffers()));
  }

  /** Makes the log fit to be written again. */
  async #repair(now: number): Promise<void> {
    await this.#cut();
    // After a failed sync the kernel may hold what the disk does not, so
    // nothing more is written to this file.
    if (this.#damage === 'unsynced') await this.#roll(now);
    this.#damage = 'none';
  }

  /** Brings the file back to its durable length. */
  async #cut(): Promise<void> {
    const { file, segment } = this.#active;
    await file.truncate(segment.bytes);
    await file.sync();
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
  async #roll(now: number): Promise<void> {
    await this.#sealing;
    await this.#checkSpace(0);
    const before = this.#active;
    // Once the new name may exist, nothing may be written to the old file: see recovery.
    this.#damage = 'unsynced';
    this.#active = await createSegment(this.#at, {
      base: before.segment.end,
      logId: this.#logId,
      hasIds: this.#dedup !== undefined,
      marks: [...this.#marks],
    });
    this.#damage = 'none';
    if (before.segment.end > before.segment.base) this.#sealed.push(before.segment);
    this.#sealing = this.#seal(before, now);
  }

  async #seal({ file, segment, ids }: ActiveSegment, now: number): Promise<void> {
    const { disk, folder } = this.#at;
    try {
      await file.close();
      if (segment.end === segment.base) return;
      const path = sealPath(folder, segment.base);
      this.#seals.set(
        segment.base,
        await writeSeal(disk, folder, path, segment, ids.bytes, this.#seed),
      );
      this.#idRuns?.work(now);
    } catch {
      // A seal is made again from its segment: by trim(), or when the log is next opened.
    }
  }

  async #checkSpace(ageMsMax: number): Promise<void> {
    const now = performance.now();
    if (now - this.#space.checkedAt >= ageMsMax) {
      const { disk, folder } = this.#at;
      this.#space = { checkedAt: now, freeBytes: await disk.freeBytes(folder) };
    }
    if (this.#space.freeBytes < this.#freeBytesMin)
      throw new Error(
        `${this.#space.freeBytes} bytes are free on the disk; ${this.#freeBytesMin} must stay free.`,
      );
  }
}

type Damage =
  | 'none'
  /** Bytes of a failed frame may be behind the durable ones. */
  | 'unwritten'
  /** The file's last sync failed, or the next file may exist: it is written no more. */
  | 'unsynced';
