import { MillraceError } from '../../errors.ts';
import type { ScratchFile, ScratchFolder, SyncFile } from '../../ports/disk.ts';
import { PAGE_BYTES, RunIndex } from './run-index.ts';

const HASH_BYTES = 16;
const WRITE_BYTES = 16 * PAGE_BYTES;
/** What a forgotten hash takes in a Set, about. */
const FORGOTTEN_BYTES = 100;

/** The slices of the ids in a run. It expires with the newest. */
export interface SliceSpan {
  readonly oldest: number;
  readonly newest: number;
}

interface RunParts {
  readonly slices: SliceSpan;
  /** Begins with the hashes, in ascending order of their first word. Closed with the run. */
  readonly file: SyncFile;
  readonly ids: number;
  readonly index: RunIndex;
  readonly forgotten?: Set<string>;
  /** Told, each time, that a part of it cannot be read or is not as it was written. */
  readonly onUnreadable?: () => void;
}

/**
 * Writes a run: hashes in ascending order of their first word. The file is a
 * cache of what the log knows, and dies with the process: it needs neither a
 * sync nor a final name.
 *
 * All but `forget` throw MillraceError `log_full` if the disk is full or failing.
 */
export class RunWriter {
  readonly slices: SliceSpan;
  readonly #file: ScratchFile;
  readonly #index: RunIndex;
  readonly #buffer = new DataView(new ArrayBuffer(WRITE_BYTES));
  readonly #forgotten = new Set<string>();
  #buffered = 0;
  #written = 0;

  /** @param sizeMax the most hashes it will be given */
  constructor(folder: ScratchFolder, name: string, slices: SliceSpan, sizeMax: number) {
    this.slices = slices;
    this.#index = RunIndex.forSize(sizeMax);
    try {
      this.#file = folder.create(name);
    } catch (error) {
      throw diskError('create', name, error);
    }
  }

  get memoryBytes(): number {
    return this.#index.byteLength;
  }

  append(hashes: DataView, offset: number): void {
    for (let byte = 0; byte < HASH_BYTES; byte += 4) {
      this.#buffer.setInt32(this.#buffered + byte, hashes.getInt32(offset + byte, true), true);
    }
    this.#buffered += HASH_BYTES;
    if (this.#buffered === WRITE_BYTES) this.#flush();
  }

  /** The hash, which was appended, is not known after all. */
  forget(hashes: DataView, offset: number): void {
    this.#forgotten.add(hexOf(hashes, offset));
  }

  finish(): RunFile {
    this.#flush();
    return new RunFile({
      slices: this.slices,
      file: this.#file,
      ids: this.#written / HASH_BYTES,
      index: this.#index,
      forgotten: this.#forgotten,
    });
  }

  /** Gives up: removes the file. */
  abandon(): void {
    closeFile(this.#file);
  }

  #flush(): void {
    this.#index.add(this.#buffer, this.#buffered, this.#written);
    try {
      this.#file.append(this.#buffer, this.#buffered);
    } catch (error) {
      throw diskError('write', this.#file.path, error);
    }
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}

/** Shared by all runs: a page is searched as soon as it is read. */
const page = new DataView(new ArrayBuffer(PAGE_BYTES));

/**
 * A finished run: finds a hash by reading the one page that can have it. In
 * memory are where pages begin and, unless it was dropped, a filter that spares
 * most reads for hashes that are not here.
 *
 * `has`, `readPage` and `close` throw MillraceError `log_full` if the disk is failing.
 */
export class RunFile {
  readonly #parts: RunParts;
  readonly #forgotten: Set<string>;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#forgotten = parts.forgotten ?? new Set();
  }

  get slices(): SliceSpan {
    return this.#parts.slices;
  }

  /** Those forgotten since they were written count, too. */
  get ids(): number {
    return this.#parts.ids;
  }

  /** Of the ids alone. */
  get fileBytes(): number {
    return this.#parts.ids * HASH_BYTES;
  }

  get memoryBytes(): number {
    return this.#parts.index.byteLength + this.#forgotten.size * FORGOTTEN_BYTES;
  }

  has(hashes: DataView, offset: number): boolean {
    if (!this.#parts.index.mayHave(hashes, offset)) return false;
    return !this.isForgotten(hashes, offset) && this.#isInFile(hashes, offset);
  }

  /** Whether a hash that is in the file counts no more. */
  isForgotten(hashes: DataView, offset: number): boolean {
    return this.#forgotten.size > 0 && this.#forgotten.has(hexOf(hashes, offset));
  }

  /** Whether or not the hash is here, it is not from now on. */
  forget(hashes: DataView, offset: number): void {
    if (this.#parts.index.mayHave(hashes, offset)) this.#forgotten.add(hexOf(hashes, offset));
  }

  /** Saves the filter's memory. From then on every question to this run is a read. */
  dropFilter(): void {
    this.#parts.index.dropFilter();
  }

  /** Reads a page of hashes; returns how many bytes it has, 0 behind the last. */
  readPage(number: number, into: DataView): number {
    const { file, ids, index } = this.#parts;
    const start = number * PAGE_BYTES;
    const length = Math.min(PAGE_BYTES, ids * HASH_BYTES - start);
    if (length <= 0) return 0;
    try {
      const done = file.read(into, length, start);
      if (done !== length || !index.holds(number, into, 0, length))
        throw new Error(`page ${number} is not as it was written`);
    } catch (error) {
      this.#parts.onUnreadable?.();
      throw diskError('read', file.path, error);
    }
    return length;
  }

  /** It is asked no more. A file that is nobody else's goes with it. */
  close(): void {
    closeFile(this.#parts.file);
  }

  #isInFile(hashes: DataView, offset: number): boolean {
    const first = hashes.getUint32(offset, true);
    // Hashes with equal first words can lie on both sides of a page's end.
    for (let number = this.#parts.index.lastPageFrom(first); number >= 0; number--) {
      const bytes = this.readPage(number, page);
      if (pageHas(bytes, hashes, offset)) return true;
      if (page.getUint32(0, true) < first) return false;
    }
    return false;
  }
}

function pageHas(bytes: number, hashes: DataView, offset: number): boolean {
  const first = hashes.getUint32(offset, true);
  let low = 0;
  let high = bytes / HASH_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (page.getUint32(middle * HASH_BYTES, true) < first) low = middle + 1;
    else high = middle;
  }
  for (let at = low * HASH_BYTES; at < bytes; at += HASH_BYTES) {
    if (page.getUint32(at, true) !== first) return false;
    if (
      page.getInt32(at + 4, true) === hashes.getInt32(offset + 4, true) &&
      page.getInt32(at + 8, true) === hashes.getInt32(offset + 8, true) &&
      page.getInt32(at + 12, true) === hashes.getInt32(offset + 12, true)
    ) {
      return true;
    }
  }
  return false;
}

function hexOf(hashes: DataView, offset: number): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset + offset, HASH_BYTES).toString('hex');
}

function closeFile(file: SyncFile): void {
  try {
    file.close();
  } catch (error) {
    throw diskError('close', file.path, error);
  }
}

function diskError(what: string, path: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('log_full', `Cannot ${what} ${path}: ${reason}`, { cause });
}
