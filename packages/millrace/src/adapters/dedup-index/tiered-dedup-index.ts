import { nodeDisk } from '../node-disk.ts';
import type { DedupIndex, DedupIndexOptions } from './dedup-index.ts';
import { Generations, LET_GO } from './generations.ts';
import { HashTable } from './hash-table.ts';
import { RunCursor } from './run-cursor.ts';
import type { RunFile, RunWriter } from './run-file.ts';
import { RUN_ENDING, RunSet } from './run-set.ts';
import { SipHasher } from './sip-hash.ts';

export function openDedupIndex(options: DedupIndexOptions): DedupIndex {
  return new TieredDedupIndex(options);
}

const HASH_BYTES = 16;
const SLICES_PER_WINDOW = 8;
const MEMORY_BYTES_MIN = 16_384;
/** Of the table's slots: when a spill starts, and when it must have ended. */
const SPILL_LOAD = 0.7;
const FULL_LOAD = 0.82;
/** Of the ids in memory: the least that is worth a run of its own, and the most in a generation. */
const RUN_SHARE_MIN = 1 / 8;
const GENERATION_SHARE_MAX = 1 / 4;
/** Some 100 MB: less than asking the runs of so many ids would cost in time. */
const RESIDENT_IDS_MIN = 4_000_000;
/** Of the ids that start a spill: so many stay in memory at most though runs have them. */
const RESIDENT_SHARE_MAX = 1 / 2;
/** Of the memory: what a spill needs before it gives anything back. */
const SPILL_MEMORY_SHARE = 1 / 32;
/** Of the memory: the most that filters take. The oldest runs go without. */
const FILTER_MEMORY_SHARE_MAX = 1 / 2;
/** Shards visited by each `advance` while a pass is under way. */
const STEPS_PER_ADVANCE = 4;
/** Hashes sorted by shard before they are loaded. */
const LOAD_CHUNK = 1 << 22;

/** Work that visits one shard after the other, a few at a time. */
interface ShardByShard {
  /** The shard to visit next. */
  next: number;
  /** How many new ids may arrive until it and the sweep that follows it are over. */
  readonly withinIds: number;
}

interface Sweep extends ShardByShard {
  readonly kind: 'sweep';
}

/** Copies generations to a run. */
interface Spill extends ShardByShard {
  readonly kind: 'spill';
  readonly tags: readonly number[];
  readonly picked: Uint8Array;
  readonly run: RunWriter;
}

/** Lets go of what is in a run. */
interface Unload extends ShardByShard {
  readonly kind: 'unload';
  readonly run: RunFile;
  readonly cursor: RunCursor;
}

type Pass = Sweep | Spill | Unload;

/**
 * The newest ids in memory, older ones, where memory does not suffice, in
 * sorted runs on disk: a log-structured merge tree without the merges, as a run
 * expires whole before merging it would pay.
 *
 * A spill copies the oldest generations to a run, shard by shard, while they
 * are still answered from memory; then the run answers for them, and a sweep
 * frees their slots. Where somebody else has made a run of ids, as the log does,
 * memory lets go of them in the same way. All is done in steps, paced by the ids
 * that arrive so that it ends before memory does.
 */
class TieredDedupIndex implements DedupIndex {
  readonly sliceMs: number;
  readonly slicesPerRunMax: number;
  readonly #windowMs: number;
  readonly #memoryBytesMax: number;
  readonly #hasher: SipHasher;
  readonly #generations = new Generations();
  readonly #table: HashTable;
  readonly #runs: RunSet;
  /** Attached runs to be unloaded, and how many of their ids memory may have yet. */
  readonly #toUnload = new Map<RunFile, number>();
  readonly #residentIdsMin: number;
  /**
   * How many ids the table is to hold at most, how many start a spill, how many an
   * unload, and how many a generation has.
   */
  #sizeMax = 0;
  #spillSize = 0;
  #unloadSize = 0;
  #generationSizeMax = 0;
  #pass: Pass | undefined;
  #stepsOwed = 0;
  #oldestSlice = Number.NEGATIVE_INFINITY;

  constructor(options: DedupIndexOptions) {
    if (!(options.windowMs >= 1)) throw new RangeError('windowMs is less than 1');
    if (!(options.memoryBytesMax >= MEMORY_BYTES_MIN)) {
      throw new RangeError(`memoryBytesMax is less than ${MEMORY_BYTES_MIN}`);
    }
    this.#windowMs = options.windowMs;
    this.sliceMs = Math.max(1, Math.ceil(options.windowMs / SLICES_PER_WINDOW));
    this.slicesPerRunMax = Math.max(1, Math.floor(options.windowMs / this.sliceMs / 2));
    this.#memoryBytesMax = options.memoryBytesMax;
    this.#hasher = new SipHasher(options.hashKey);
    const { disk = nodeDisk, residentIdsMin = RESIDENT_IDS_MIN } = options;
    this.#residentIdsMin = residentIdsMin;
    this.#runs = new RunSet(
      disk.openScratch(options.spillFolder, RUN_ENDING),
      options.memoryBytesMax * FILTER_MEMORY_SHARE_MAX,
    );
    this.#table = new HashTable(this.#tableBytesMax(), this.#generations.kept);
    this.#allowTable();
  }

  get ids(): number {
    const twice = [...this.#toUnload.values()].reduce((sum, ids) => sum + ids, 0);
    return this.#generations.ids + this.#runs.ids - twice;
  }

  get memoryBytes(): number {
    const spilling = this.#pass?.kind === 'spill' ? this.#pass.run.memoryBytes : 0;
    return this.#table.byteLength + this.#runs.memoryBytes + spilling;
  }

  get spilledIds(): number {
    return this.#runs.ids;
  }

  get spilledBytes(): number {
    return this.#runs.fileBytes;
  }

  admit(keys: readonly string[], at: number) {
    this.#moveTo(at);
    this.#work();
    const slice = this.#sliceOf(at);
    const fresh = new Uint8Array(keys.length);
    // From the pool of small buffers, and not filled with zeros: a single event takes one as well.
    const hashes = Buffer.allocUnsafe(keys.length * HASH_BYTES);
    const view = viewOf(hashes);
    let end = 0;
    try {
      for (const [index, key] of keys.entries()) {
        this.#hasher.hash(key, view, end);
        if (this.#isKnown(view, end)) continue;
        this.#remember(view, end, slice);
        fresh[index] = 1;
        end += HASH_BYTES;
      }
    } catch (error) {
      this.forget(hashes.subarray(0, end), at);
      throw error;
    }
    return { fresh, freshCount: end / HASH_BYTES, hashes: hashes.subarray(0, end) };
  }

  forget(hashes: Uint8Array, at: number): void {
    const slice = this.#sliceOf(at);
    const view = viewOf(hashes);
    const pass = this.#pass;
    for (let offset = 0; offset < hashes.length; offset += HASH_BYTES) {
      const tag = this.#table.remove(view, offset);
      if (this.#generations.kept[tag] !== 1) {
        this.#runs.forget(view, offset, slice);
        continue;
      }
      this.#generations.count(tag, -1);
      const isCopied =
        pass?.kind === 'spill' &&
        pass.picked[tag] === 1 &&
        this.#table.shardOf(view, offset) < pass.next;
      if (isCopied) pass.run.forget(view, offset);
    }
  }

  load(hashes: Uint8Array, at: number): void {
    const slice = this.#sliceOf(at);
    if (slice < this.#oldestSlice) return;
    const chunkBytes = LOAD_CHUNK * HASH_BYTES;
    for (let start = 0; start < hashes.length; start += chunkBytes) {
      this.#work();
      // Shard by shard: each is fetched into the processor's cache once.
      const sorted = this.#table.sortedByShard(viewOf(hashes.subarray(start, start + chunkBytes)));
      for (let offset = 0; offset < sorted.byteLength; offset += HASH_BYTES) {
        this.#reload(sorted, offset, slice);
      }
    }
  }

  attach(run: RunFile, inPlaceOf: readonly RunFile[] = []): void {
    const inMemory = inPlaceOf.reduce((sum, part) => sum + (this.#toUnload.get(part) ?? 0), 0);
    for (const part of inPlaceOf) this.stopUnloading(part);
    this.#runs.add(run, inPlaceOf);
    if (inMemory > 0) this.#toUnload.set(run, inMemory);
    this.#removeExpiredRuns();
    this.#allowTable();
  }

  unload(run: RunFile): void {
    if (!this.#runs.includes(run)) return;
    this.#toUnload.set(run, run.ids);
    this.#runs.rest(run);
  }

  stopUnloading(run: RunFile): void {
    this.#toUnload.delete(run);
    const pass = this.#pass;
    if (pass?.kind === 'unload' && pass.run === run) this.#pass = this.#sweep(pass.withinIds);
  }

  detach(run: RunFile): void {
    this.stopUnloading(run);
    this.#runs.drop([run]);
    this.#allowTable();
  }

  horizon(now: number): number {
    return Math.floor((now - 2 * this.#windowMs) / this.sliceMs) * this.sliceMs;
  }

  advance(now: number): void {
    this.#moveTo(now);
    this.#stepsOwed += STEPS_PER_ADVANCE;
    this.#work();
  }

  close(): void {
    this.#abandonSpill();
    this.#oldestSlice = Number.POSITIVE_INFINITY;
    this.#removeExpiredRuns();
  }

  #sliceOf(at: number): number {
    return Math.floor(at / this.sliceMs);
  }

  #isKnown(hashes: DataView, offset: number): boolean {
    const tag = this.#table.tagOf(hashes, offset);
    return this.#generations.kept[tag] === 1 || this.#runs.has(hashes, offset);
  }

  #remember(hashes: DataView, offset: number, slice: number): void {
    let tag = this.#openTag(slice);
    while (this.#table.size >= this.#sizeMax || !this.#table.put(hashes, offset, tag)) {
      this.#makeRoom();
      tag = this.#openTag(slice);
    }
    this.#generations.count(tag, 1);
    if (this.#pass) this.#stepsOwed += (2 * this.#table.shardCount) / this.#pass.withinIds;
  }

  /** Of two admissions the later counts: the earlier expired before it, or it would not be there. */
  #reload(hashes: DataView, offset: number, slice: number): void {
    const tag = this.#table.tagOf(hashes, offset);
    if (this.#generations.kept[tag] === 1) {
      if (this.#generations.slice(tag) >= slice) return;
      this.#generations.count(tag, -1);
    }
    this.#remember(hashes, offset, slice);
  }

  #openTag(slice: number): number {
    const generations = this.#generations;
    for (;;) {
      const open = generations.openTag(slice);
      if (open !== undefined) {
        if (generations.size(open) < this.#generationSizeMax) return open;
        generations.seal(open);
      }
      const opened = generations.open(slice);
      if (opened !== undefined) return opened;
      this.#makeRoom();
    }
  }

  #moveTo(now: number): void {
    const oldest = this.#sliceOf(this.horizon(now));
    if (oldest === this.#oldestSlice) return;
    this.#oldestSlice = oldest;
    this.#generations.retireBefore(oldest);
    if (this.#pass?.kind === 'spill' && this.#pass.run.slices.newest < oldest) this.#abandonSpill();
    this.#removeExpiredRuns();
    this.#allowTable();
  }

  #removeExpiredRuns(): void {
    for (const run of this.#toUnload.keys())
      if (run.slices.newest < this.#oldestSlice) this.stopUnloading(run);
    this.#runs.removeBefore(this.#oldestSlice);
  }

  /** Does the steps that are owed, if there is anything to do. */
  #work(): void {
    this.#pass ??= this.#duePass();
    for (; this.#pass && this.#stepsOwed >= 1; this.#stepsOwed--) this.#step();
    if (!this.#pass) this.#stepsOwed = 0;
  }

  /** Frees slots, at whatever length. */
  #makeRoom(): void {
    this.#pass ??= this.#duePass() ?? this.#spill();
    while (this.#pass) this.#step();
  }

  #duePass(): Pass | undefined {
    if (this.#generations.awaitSweep) return this.#sweep();
    const [toUnload] = this.#toUnload.keys();
    if (toUnload !== undefined && this.#table.size > this.#unloadSize)
      return this.#unload(toUnload);
    if (this.#table.size >= this.#spillSize) return this.#spill();
    return undefined;
  }

  #sweep(withinIds = this.#idsUntilFull()): Sweep {
    this.#generations.sweepBegins();
    this.#allowTable();
    return { kind: 'sweep', next: 0, withinIds };
  }

  #spill(): Spill {
    const generations = this.#generations;
    generations.retireEmpty();
    const tags = generations.nextToSpill(this.#spillSize * RUN_SHARE_MIN, this.slicesPerRunMax);
    const picked = new Uint8Array(generations.kept.length);
    const slices = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY };
    let size = 0;
    for (const tag of tags) {
      generations.seal(tag);
      picked[tag] = 1;
      slices.oldest = Math.min(slices.oldest, generations.slice(tag));
      slices.newest = Math.max(slices.newest, generations.slice(tag));
      size += generations.size(tag);
    }
    const run = this.#runs.create(slices, size);
    return { kind: 'spill', next: 0, withinIds: this.#idsUntilFull(), tags, picked, run };
  }

  #unload(run: RunFile): Unload {
    this.#runs.wake(run);
    // No slower than runs of its size can follow.
    const withinIds = Math.min(this.#idsUntilFull(), run.ids / 2);
    return { kind: 'unload', next: 0, withinIds, run, cursor: new RunCursor(run) };
  }

  #step(): void {
    const pass = this.#pass;
    if (!pass) return;
    try {
      this.#visit(pass);
      pass.next++;
      if (pass.next === this.#table.shardCount) this.#pass = this.#ended(pass);
    } catch (error) {
      this.#abandonSpill();
      if (pass.kind !== 'unload') throw error;
      // No id is lost, and whose run it is was told by the run.
      this.stopUnloading(pass.run);
    }
  }

  #visit(pass: Pass): void {
    switch (pass.kind) {
      case 'sweep':
        this.#table.sweep(pass.next);
        break;
      case 'spill':
        this.#table.visit(pass.next, pass.picked, (hashes, at) => pass.run.append(hashes, at));
        break;
      case 'unload':
        this.#unloadShard(pass);
    }
  }

  /** Puts the result of a pass in force; returns the pass that follows from it. */
  #ended(pass: Pass): Pass | undefined {
    switch (pass.kind) {
      case 'sweep':
        this.#generations.sweepEnds();
        return undefined;
      case 'spill':
        this.#runs.add(pass.run.finish());
        for (const tag of pass.tags) this.#generations.retire(tag);
        return this.#sweep();
      case 'unload':
        this.#toUnload.delete(pass.run);
        return this.#sweep(pass.withinIds);
    }
  }

  #unloadShard({ run, cursor, next }: Unload): void {
    // A run is in the order of the shards.
    for (; cursor.hasHash(); cursor.next()) {
      if (this.#table.shardOf(cursor.page, cursor.offset) !== next) break;
      this.#letGo(run, cursor.page, cursor.offset);
    }
  }

  /** An id that was admitted again after the time of the run counts by what memory says. */
  #letGo(run: RunFile, hashes: DataView, offset: number): void {
    const tag = this.#table.tagOf(hashes, offset);
    if (this.#generations.kept[tag] !== 1 || this.#generations.slice(tag) > run.slices.newest)
      return;
    if (run.isForgotten(hashes, offset)) return;
    this.#table.put(hashes, offset, LET_GO);
    this.#generations.count(tag, -1);
    this.#toUnload.set(run, Math.max(0, (this.#toUnload.get(run) ?? 0) - 1));
  }

  #abandonSpill(): void {
    const pass = this.#pass;
    if (pass?.kind !== 'spill') return;
    this.#pass = undefined;
    pass.run.abandon();
  }

  /** Half of the slots between the two loads are left to what comes at once. */
  #idsUntilFull(): number {
    return (this.#sizeMax - this.#spillSize) / 2;
  }

  /** Fits the table into the memory that the runs leave. */
  #allowTable(): void {
    this.#table.allow(this.#tableBytesMax());
    this.#sizeMax = this.#table.sizeMax * FULL_LOAD;
    this.#spillSize = this.#table.sizeMax * SPILL_LOAD;
    this.#unloadSize = Math.min(this.#residentIdsMin, this.#spillSize * RESIDENT_SHARE_MAX);
    this.#generationSizeMax = this.#spillSize * GENERATION_SHARE_MAX;
  }

  #tableBytesMax(): number {
    return this.#memoryBytesMax * (1 - SPILL_MEMORY_SHARE) - this.#runs.memoryBytes;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  if (bytes.length % HASH_BYTES !== 0) throw new RangeError('hashes are 16 bytes each');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
