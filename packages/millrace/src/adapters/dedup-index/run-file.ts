import { MillraceError } from '../../errors.ts';
import type { ScratchFile, ScratchFolder } from '../../ports/disk.ts';
import { BloomFilter } from './bloom-filter.ts';

const HASH_BYTES = 16;
const PAGE_BYTES = 4096;
const WRITE_BYTES = 16 * PAGE_BYTES;
/** In memory for each page: the first word of its first hash, and its checksum. */
const PAGE_ENTRY_BYTES = 8;
/** What a forgotten hash takes in a Set, about. */
const FORGOTTEN_BYTES = 100;

/** The slices of the ids in a run. It expires with the newest. */
export interface SliceSpan {
  readonly oldest: number;
  readonly newest: number;
}

interface RunParts {
  readonly slices: SliceSpan;
  readonly file: ScratchFile;
  readonly bytes: number;
  readonly pages: DataView;
  readonly filter: BloomFilter;
  readonly forgotten: Set<string>;
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
  readonly #filter: BloomFilter;
  readonly #pages: DataView;
  readonly #buffer = new DataView(new ArrayBuffer(WRITE_BYTES));
  readonly #forgotten = new Set<string>();
  #buffered = 0;
  #written = 0;

  /** @param sizeMax the most hashes it will be given */
  constructor(folder: ScratchFolder, name: string, slices: SliceSpan, sizeMax: number) {
    this.slices = slices;
    this.#filter = new BloomFilter(sizeMax);
    const pages = Math.ceil((sizeMax * HASH_BYTES) / PAGE_BYTES);
    this.#pages = new DataView(new ArrayBuffer(pages * PAGE_ENTRY_BYTES));
    try {
      this.#file = folder.create(name);
    } catch (error) {
      throw diskError('create', name, error);
    }
  }

  get memoryBytes(): number {
    return this.#filter.byteLength + this.#pages.byteLength;
  }

  append(hashes: DataView, offset: number): void {
    this.#filter.add(hashes, offset);
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
      bytes: this.#written,
      pages: this.#pages,
      filter: this.#filter,
      forgotten: this.#forgotten,
    });
  }

  /** Gives up: removes the file. */
  abandon(): void {
    removeFile(this.#file);
  }

  #flush(): void {
    for (let start = 0; start < this.#buffered; start += PAGE_BYTES) {
      const entry = ((this.#written + start) / PAGE_BYTES) * PAGE_ENTRY_BYTES;
      const end = Math.min(start + PAGE_BYTES, this.#buffered);
      this.#pages.setUint32(entry, this.#buffer.getUint32(start, true));
      this.#pages.setInt32(entry + 4, checksum(this.#buffer, start, end));
    }
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
 * `has` and `remove` throw MillraceError `log_full` if the disk is failing.
 */
export class RunFile {
  readonly #parts: RunParts;
  #filter: BloomFilter | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#filter = parts.filter;
  }

  get slices(): SliceSpan {
    return this.#parts.slices;
  }

  /** Those forgotten since they were written count, too. */
  get ids(): number {
    return this.#parts.bytes / HASH_BYTES;
  }

  get fileBytes(): number {
    return this.#parts.bytes;
  }

  get memoryBytes(): number {
    const { pages, forgotten } = this.#parts;
    return (this.#filter?.byteLength ?? 0) + pages.byteLength + forgotten.size * FORGOTTEN_BYTES;
  }

  has(hashes: DataView, offset: number): boolean {
    if (!this.#mayHave(hashes, offset)) return false;
    const { forgotten } = this.#parts;
    if (forgotten.size > 0 && forgotten.has(hexOf(hashes, offset))) return false;
    return this.#isInFile(hashes, offset);
  }

  /** Whether or not the hash is here, it is not from now on. */
  forget(hashes: DataView, offset: number): void {
    if (this.#mayHave(hashes, offset)) this.#parts.forgotten.add(hexOf(hashes, offset));
  }

  /** Saves the filter's memory. From then on every question to this run is a read. */
  dropFilter(): void {
    this.#filter = undefined;
  }

  remove(): void {
    removeFile(this.#parts.file);
  }

  #mayHave(hashes: DataView, offset: number): boolean {
    return this.#filter?.mayHave(hashes, offset) ?? true;
  }

  #isInFile(hashes: DataView, offset: number): boolean {
    const first = hashes.getUint32(offset, true);
    // Hashes with equal first words can lie on both sides of a page's end.
    for (let number = this.#lastPageFrom(first); number >= 0; number--) {
      const bytes = this.#read(number);
      if (pageHas(bytes, hashes, offset)) return true;
      if (page.getUint32(0, true) < first) return false;
    }
    return false;
  }

  /** The last page that begins with `first` or less; −1 if none does. */
  #lastPageFrom(first: number): number {
    const { pages, bytes } = this.#parts;
    let low = 0;
    let high = Math.ceil(bytes / PAGE_BYTES);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pages.getUint32(middle * PAGE_ENTRY_BYTES) <= first) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Reads a page; returns how many bytes it has. */
  #read(number: number): number {
    const { file, bytes, pages } = this.#parts;
    const start = number * PAGE_BYTES;
    const length = Math.min(PAGE_BYTES, bytes - start);
    let done = 0;
    try {
      done = file.read(page, length, start);
    } catch (error) {
      throw diskError('read', file.path, error);
    }
    const entry = number * PAGE_ENTRY_BYTES;
    if (done !== length || checksum(page, 0, length) !== pages.getInt32(entry + 4)) {
      throw diskError('read', file.path, new Error(`page ${number} is not as it was written`));
    }
    return length;
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

/** A change within one word always shows; one of several words all but always. */
function checksum(words: DataView, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 4) sum = (Math.imul(sum, 31) + words.getInt32(at, true)) | 0;
  return sum;
}

function hexOf(hashes: DataView, offset: number): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset + offset, HASH_BYTES).toString('hex');
}

function removeFile(file: ScratchFile): void {
  try {
    file.remove();
  } catch (error) {
    throw diskError('remove', file.path, error);
  }
}

function diskError(what: string, path: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('log_full', `Cannot ${what} ${path}: ${reason}`, { cause });
}
