import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { mergeHashes, type SortedHashes } from '../dedup-index/merge-hashes.ts';
import { RunFile } from '../dedup-index/run-file.ts';
import { sortHashes } from '../dedup-index/sort-hashes.ts';
import {
  readStoredRun,
  type StoredRun,
  storedHashes,
  storedPartBytes,
  writeStoredRun,
} from '../dedup-index/stored-run.ts';
import { removeFile } from '../remove-file.ts';
import type { LogFolder } from './active-segment.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { decodeSources, encodeSources, type IdRun, idRunPath, type RunSource } from './id-run.ts';
import { nextRun } from './id-run-plan.ts';
import { sealedIds } from './rebuild-seal.ts';
import type { RecordIds } from './record-ids.ts';
import { readSealedIds, type Seal } from './seal.ts';
import { sealPath } from './segment.ts';

export interface IdRunLimits {
  /** How many ids of sealed segments make a run. */
  readonly idsPerRunMin: number;
  /** So much free space is left. */
  readonly freeBytesMin: number;
}

export interface IdRunsOptions extends IdRunLimits {
  readonly at: LogFolder;
  readonly dedup: RecordIds;
  /** By base offset, kept up by the log. */
  readonly seals: ReadonlyMap<number, Seal>;
  readonly seed: number;
}

const hashBytes = 16;
/** Sorted at once: some milliseconds. */
const sortedBytes = 2 ** 17 * hashBytes;
/** What a run takes beside its ids, at most: one part in so many. */
const indexShare = 8;

/**
 * The runs beside a log's segments, a cache of what its seals say. They are
 * attached to the dedup index, which then keeps no ids of theirs in memory: it
 * takes as much with many ids as with few, and a start as long.
 *
 * They are made in the background, of sealed segments alone. Whatever is wrong
 * with one, it is deleted and its segments' ids count as before.
 */
export class IdRuns {
  readonly #options: IdRunsOptions;
  #runs: readonly IdRun[] = [];
  /** The paths of those of which a part could not be read. */
  readonly #unreadable = new Set<string>();
  /** Base offsets of seals whose ids could not be read: the next start makes them again. */
  readonly #damagedSeals = new Set<number>();
  #now: number;
  #working: Promise<void> | undefined;
  #isClosed = false;

  /** Attaches what there is. `names`: of files that may be runs; what is of no use among them is deleted. */
  static async open(options: IdRunsOptions, names: readonly string[], now: number) {
    const runs = new IdRuns(options, now);
    await runs.#open(names);
    return runs;
  }

  private constructor(options: IdRunsOptions, now: number) {
    this.#options = options;
    this.#now = now;
  }

  get sizeBytes(): number {
    return this.#runs.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  }

  /** Base offsets of the segments whose ids are in a run. */
  get bases(): ReadonlySet<number> {
    return new Set(this.#runs.flatMap(({ sources }) => sources.map(({ base }) => base)));
  }

  /** Makes the runs that are due. Called when a segment was sealed. */
  work(now: number): void {
    this.#now = now;
    this.#working ??= this.#work();
  }

  /** Deletes the runs whose ids count no more. Returns whether there were any. */
  async deleteExpired(now: number): Promise<boolean> {
    const { at, dedup } = this.#options;
    const horizon = dedup.horizon(now);
    const expired = this.#runs.filter((run) => newestAt(run.sources) < horizon);
    for (const run of expired) {
      await removeFile(at.disk, run.path);
      this.#drop([run]);
    }
    return expired.length > 0;
  }

  /** What is half done is done again by the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
  }

  async #open(names: readonly string[]): Promise<void> {
    const { folder } = this.#options.at;
    const found: { path: string; stored: StoredRun; sources: RunSource[] }[] = [];
    const useless: string[] = [];
    for (const path of names.map((name) => join(folder, name))) {
      const stored = await this.#readStored(path);
      const sources = stored ? decodeSources(stored.about) : [];
      if (stored && this.#agrees(sources)) found.push({ path, stored, sources });
      else useless.push(path);
    }
    // A crash may leave a run and those it was merged of.
    found.sort((one, two) => two.sources.length - one.sources.length);
    for (const { path, stored, sources } of found) {
      const { bases } = this;
      if (sources.some(({ base }) => bases.has(base)) || !this.#attachFound(path, sources, stored))
        useless.push(path);
    }
    // What cannot be deleted now is of no use at the next start, either.
    for (const path of useless) await removeFile(this.#options.at.disk, path).catch(() => {});
  }

  /** False if it cannot be opened: then its segments' ids are loaded. */
  #attachFound(path: string, sources: readonly RunSource[], stored: StoredRun): boolean {
    try {
      this.#attach(path, sources, stored);
    } catch {
      return false;
    }
    return true;
  }

  /** Undefined if it cannot be read, for whatever reason: then its segments' ids are loaded. */
  async #readStored(path: string): Promise<StoredRun | undefined> {
    const { at, seed } = this.#options;
    try {
      const file = await at.disk.open(path, 'read');
      try {
        return await readStoredRun(file, seed);
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  /** Whether a run says what the seals say, and its ids leave the index together. */
  #agrees(sources: readonly RunSource[]): boolean {
    const { seals, dedup } = this.#options;
    const horizon = dedup.horizon(this.#now);
    const agree = sources.every((source) => {
      const seal = seals.get(source.base);
      // A segment whose ids count no more may be gone, seal and all.
      if (seal === undefined) return source.newestAt < horizon;
      const { end, newestAt, idsBytes, idsCrc } = seal;
      return (
        source.end === end &&
        source.newestAt === newestAt &&
        source.idsBytes === idsBytes &&
        source.idsCrc === idsCrc
      );
    });
    // The spans are others if the window has changed.
    const spans = new Set(sources.map((source) => this.#spanOf(source.newestAt)));
    return agree && spans.size === 1 && newestAt(sources) >= horizon;
  }

  /** From now on the index asks it, and not those that it was made of. */
  #attach(
    path: string,
    sources: readonly RunSource[],
    { ids, index, fileBytes }: StoredRun,
    inPlaceOf: readonly IdRun[] = [],
  ): IdRun {
    const { at, dedup } = this.#options;
    const slices = sources.map((source) => Math.floor(source.newestAt / dedup.sliceMs));
    const attached = new RunFile({
      file: at.disk.openSync(path),
      slices: { oldest: Math.min(...slices), newest: Math.max(...slices) },
      ids,
      index,
      onUnreadable: () => {
        this.#unreadable.add(path);
        this.work(this.#now);
      },
    });
    dedup.attach(
      attached,
      inPlaceOf.map((part) => part.attached),
    );
    this.#drop(inPlaceOf);
    const run = { path, sources, ids, fileBytes, attached };
    this.#runs = [...this.#runs, run].sort((one, two) => firstBase(one) - firstBase(two));
    return run;
  }

  async #work(): Promise<void> {
    // In a turn of its own: who asks for it is in the middle of something.
    await setImmediate();
    try {
      while (!this.#isClosed && (await this.#workOnce()));
    } catch {
      // The seals say the same. It is tried again when the next segment is sealed.
    } finally {
      this.#working = undefined;
    }
  }

  /** Returns whether there may be more to do. */
  async #workOnce(): Promise<boolean> {
    const unreadable = this.#runs.find(({ path }) => this.#unreadable.has(path));
    if (unreadable !== undefined) {
      await this.#giveUp(unreadable);
      return true;
    }
    const { seals, dedup, idsPerRunMin } = this.#options;
    const horizon = dedup.horizon(this.#now);
    const inRuns = this.bases;
    const loose = [...seals.values()]
      .filter(({ base, newestAt }) => newestAt >= horizon && !inRuns.has(base))
      .filter(({ base }) => !this.#damagedSeals.has(base))
      .sort((one, two) => one.base - two.base)
      .map((seal) => ({
        seal,
        span: this.#spanOf(seal.newestAt),
        ids: seal.idsBytes / hashBytes,
      }));
    const runs = this.#runs
      .filter(({ sources }) => newestAt(sources) >= horizon)
      .map((run) => ({ run, span: this.#spanOf(newestAt(run.sources)), ids: run.ids }));
    const next = nextRun(loose, runs, { span: this.#spanOf(this.#now), idsMin: idsPerRunMin });
    if (next === undefined) return false;
    if (next.kind === 'sort') await this.#sort(next.parts.map(({ seal }) => seal));
    else await this.#merge(next.parts.map(({ run }) => run));
    return true;
  }

  async #sort(seals: readonly Seal[]): Promise<void> {
    const sources = seals.map(
      ({ base, end, newestAt, idsBytes, idsCrc }): RunSource => ({
        base,
        end,
        newestAt,
        idsBytes,
        idsCrc,
      }),
    );
    const { attached } = await this.#store(sources, await this.#sorted(seals));
    this.#options.dedup.unload(attached);
  }

  async #sorted(seals: readonly Seal[]): Promise<SortedHashes[]> {
    const { at, seed } = this.#options;
    const inputs: SortedHashes[] = [];
    const gathered = new GrowingBuffer(sortedBytes);
    const sort = async (): Promise<void> => {
      inputs.push(only(sortHashes(gathered.bytes)));
      gathered.clear();
      await setImmediate();
      this.#assertOpen();
    };
    for (const seal of seals) {
      const ids = await readSealedIds(at.disk, sealPath(at.folder, seal.base), seal, seed);
      if (ids === undefined) {
        this.#damagedSeals.add(seal.base);
        throw new Error(`the ids of segment ${seal.base} are damaged`);
      }
      for (let start = 0; start < ids.length; ) {
        const end = Math.min(ids.length, start + sortedBytes - gathered.length);
        gathered.append(ids.subarray(start, end));
        if (gathered.length === sortedBytes) await sort();
        start = end;
      }
    }
    if (gathered.length > 0) await sort();
    return inputs;
  }

  async #merge(parts: readonly IdRun[]): Promise<void> {
    const { disk } = this.#options.at;
    const sources = parts.flatMap((part) => part.sources).sort((one, two) => one.base - two.base);
    const hashes = parts.map((part) => this.#hashesOf(part));
    await this.#store(sources, hashes, parts);
    for (const part of parts) await removeFile(disk, part.path);
  }

  async *#hashesOf(run: IdRun): AsyncGenerator<DataView, void, undefined> {
    const { at, seed } = this.#options;
    const file = await at.disk.open(run.path, 'read');
    try {
      const stored = await readStoredRun(file, seed);
      if (stored === undefined) throw new Error(`${run.path} is damaged`);
      yield* storedHashes(file, stored);
    } catch (error) {
      this.#unreadable.add(run.path);
      throw error;
    } finally {
      await file.close();
    }
  }

  /** Writes a run of these segments, in place of the runs that it is made of; durable when it resolves. */
  async #store(
    sources: readonly RunSource[],
    inputs: readonly SortedHashes[],
    inPlaceOf: readonly IdRun[] = [],
  ): Promise<IdRun> {
    const { at, seed, freeBytesMin } = this.#options;
    const { disk, folder } = at;
    const idsBytes = sources.reduce((sum, source) => sum + source.idsBytes, 0);
    const freeBytes = await disk.freeBytes(folder);
    if (freeBytes - idsBytes * (1 + 1 / indexShare) < freeBytesMin)
      throw new Error(`${freeBytes} bytes are free on the disk; ${freeBytesMin} must stay free.`);
    const path = idRunPath(folder, sources);
    const temporary = `${path}.tmp`;
    const ids = idsBytes / hashBytes;
    const hashes = this.#whileOpen(mergeHashes(inputs, storedPartBytes));
    try {
      const about = encodeSources(sources);
      const stored = await writeStoredRun(disk, temporary, { ids, hashes, about }, seed);
      await disk.rename(temporary, path);
      await disk.syncFolder(folder);
      return this.#attach(path, sources, stored, inPlaceOf);
    } catch (error) {
      // The next start deletes what is left of it.
      for (const left of [temporary, path]) await removeFile(disk, left).catch(() => {});
      throw error;
    }
  }

  async *#whileOpen(hashes: SortedHashes): AsyncGenerator<DataView, void, undefined> {
    for await (const part of hashes) {
      this.#assertOpen();
      yield part;
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('The log is closed.');
  }

  /** Does without a run: its segments' ids go to memory, as they would at a start. */
  async #giveUp(run: IdRun): Promise<void> {
    const { at, dedup, seals, seed } = this.#options;
    dedup.stopUnloading(run.attached);
    for (const { base } of run.sources) {
      const seal = seals.get(base);
      // Without one the ids count no more.
      if (seal === undefined) continue;
      dedup.load(await sealedIds(at, seal, true, seed), seal.newestAt);
      await setImmediate();
    }
    dedup.detach(run.attached);
    this.#drop([run]);
    await removeFile(at.disk, run.path);
  }

  #drop(runs: readonly IdRun[]): void {
    this.#runs = this.#runs.filter((run) => !runs.includes(run));
    for (const { path } of runs) this.#unreadable.delete(path);
  }

  #spanOf(at: number): number {
    const { sliceMs, slicesPerRunMax } = this.#options.dedup;
    return Math.floor(Math.floor(at / sliceMs) / slicesPerRunMax);
  }
}

const firstBase = ({ sources }: IdRun): number => sources[0]?.base ?? 0;

const newestAt = (sources: readonly RunSource[]): number =>
  sources.reduce((newest, source) => Math.max(newest, source.newestAt), Number.NEGATIVE_INFINITY);

async function* only(part: DataView): AsyncGenerator<DataView, void, undefined> {
  yield part;
}
