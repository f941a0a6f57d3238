import { BloomFilter } from './bloom-filter.ts';

const HASH_BYTES = 16;
/** Hashes are read by the page, each with a checksum of its own. */
export const PAGE_BYTES = 4096;
/** For each page: the first word of its first hash, and its checksum. */
const PAGE_ENTRY_BYTES = 8;

/** What memory keeps of a run, so that most questions read nothing and others one page. */
export class RunIndex {
  readonly #pages: DataView;
  #pageCount: number;
  #filter: BloomFilter | undefined;

  /** What was kept of an earlier one. */
  constructor(
    pages: DataView,
    filter: BloomFilter,
    pageCount = pages.byteLength / PAGE_ENTRY_BYTES,
  ) {
    this.#pages = pages;
    this.#pageCount = pageCount;
    this.#filter = filter;
  }

  /** @param size the most hashes it will be given */
  static forSize(size: number): RunIndex {
    const pages = new DataView(new ArrayBuffer(RunIndex.pagesBytesFor(size)));
    return new RunIndex(pages, BloomFilter.forSize(size), 0);
  }

  static pagesBytesFor(size: number): number {
    return Math.ceil((size * HASH_BYTES) / PAGE_BYTES) * PAGE_ENTRY_BYTES;
  }

  get byteLength(): number {
    return this.#pages.byteLength + (this.#filter?.byteLength ?? 0);
  }

  /** Its two parts, to be kept once it is complete. */
  get pages(): DataView {
    return this.#pages;
  }

  get filter(): BloomFilter | undefined {
    return this.#filter;
  }

  /**
   * Takes in the first `bytes` of `hashes`, which begin at `position` of the
   * run, where a page begins.
   */
  add(hashes: DataView, bytes: number, position: number): void {
    for (let start = 0; start < bytes; start += PAGE_BYTES) {
      const entry = ((position + start) / PAGE_BYTES) * PAGE_ENTRY_BYTES;
      const end = Math.min(start + PAGE_BYTES, bytes);
      this.#pages.setUint32(entry, hashes.getUint32(start, true), true);
      this.#pages.setInt32(entry + 4, checksum(hashes, start, end), true);
      this.#pageCount++;
    }
    if (this.#filter === undefined) return;
    for (let at = 0; at < bytes; at += HASH_BYTES) this.#filter.add(hashes, at);
  }

  mayHave(hashes: DataView, offset: number): boolean {
    return this.#filter?.mayHave(hashes, offset) ?? true;
  }

  /** Saves its memory. From then on `mayHave` is always true. */
  dropFilter(): void {
    this.#filter = undefined;
  }

  /** The last page that begins with `first` or less; −1 if none does. */
  lastPageFrom(first: number): number {
    let low = 0;
    let high = this.#pageCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pages.getUint32(middle * PAGE_ENTRY_BYTES, true) <= first) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether the bytes of a page, which begin at `start`, are those that were added. */
  holds(number: number, bytes: DataView, start: number, end: number): boolean {
    const entry = number * PAGE_ENTRY_BYTES;
    return checksum(bytes, start, end) === this.#pages.getInt32(entry + 4, true);
  }
}

/** A change within one word always shows; one of several words all but always. */
function checksum(words: DataView, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 4) sum = (Math.imul(sum, 31) + words.getInt32(at, true)) | 0;
  return sum;
}
