import { MillraceError } from '../errors.ts';
import type { ArchiveDecoder, DecodedLines } from '../ports/archive-decoder.ts';
import type { LogReader, LogSlice, SliceLimits } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ArchivedObject, ArchivedRange } from './archived-range.ts';
import { Manifest } from './manifest.ts';
import { someAtOnce } from './some-at-once.ts';

export interface ArchivedLogOptions {
  readonly objects: ObjectStore;
  readonly decoder: ArchiveDecoder;
  readonly partition: number;
  /** A range none of whose objects is wanted is passed over. Default: all are. */
  readonly wanted?: (object: ArchivedObject) => boolean;
}

const newline = 0x0a;

/**
 * What the archive has of a partition of the log, read as the log was: each
 * record at its offset. It ends where the archive ended when it was opened. What
 * is replaced in the archive meanwhile is read as it is then.
 *
 * Holds the lines of one range.
 */
export class ArchivedLog implements LogReader {
  readonly #options: Required<ArchivedLogOptions>;
  readonly start: number;
  readonly end: number;
  /** How many offsets between its start and its end it lacks, because the log had forgotten them first. */
  readonly missing: number;
  #ranges: readonly ArchivedRange[];
  #held: { readonly range: ArchivedRange; readonly lines: Promise<RangeLines | null> } | null =
    null;

  private constructor(options: ArchivedLogOptions, ranges: readonly ArchivedRange[]) {
    this.#options = { wanted: () => true, ...options };
    this.start = ranges[0]?.from ?? 0;
    this.end = ranges.at(-1)?.to ?? 0;
    const covered = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    this.missing = this.end - this.start - covered;
    this.#ranges = ranges;
  }

  /**
   * @returns null if the archive has nothing of the partition.
   * @throws MillraceError `archive_unavailable`; `archive_damaged` if ranges overlap.
   */
  static async open(options: ArchivedLogOptions): Promise<ArchivedLog | null> {
    const ranges = await readRanges(options);
    return ranges.length === 0 ? null : new ArchivedLog(options, ranges);
  }

  /**
   * From where on it has every offset, and all that was appended at a time or later
   * (epoch ms), with little that was before; its end if there is no such offset.
   */
  async appendedSince(ms: number): Promise<number> {
    const limits = { rowsMax: 1_000, bytesMax: Number.MAX_SAFE_INTEGER };
    let since = this.end;
    for (const { from, to, objects } of this.#ranges.toReversed()) {
      const isWhole = to === since && rowsIn(objects) === to - from;
      if (!isWhole) break;
      let next = from;
      while (next < to) {
        const slice = await this.read(next, limits);
        if (slice.appendedAt >= ms) break;
        next = slice.to;
      }
      since = next;
      if (since > from) break;
    }
    return since;
  }

  async read(from: number, limits: SliceLimits): Promise<LogSlice> {
    if (from < this.start) {
      throw new MillraceError(
        'log_trimmed',
        `Offset ${from} was asked for; the archive begins at ${this.start}.`,
      );
    }
    const { wanted } = this.#options;
    const range = this.#ranges.find(({ to, objects }) => to > from && objects.some(wanted));
    if (range === undefined || range.from >= this.end) return nothingAt(this.end);
    const lines = await this.#linesOf(range);
    // Some of its objects were replaced, perhaps together with others.
    if (lines === null) return this.read(from, limits);
    return lines.slice(Math.max(from, range.from), this.end, limits);
  }

  /** Nothing comes to it. */
  waitPast(offset: number, signal: AbortSignal): Promise<void> {
    if (offset < this.end || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #linesOf(range: ArchivedRange): Promise<RangeLines | null> {
    if (this.#held?.range !== range) {
      const lines = this.#decode(range);
      this.#held = { range, lines };
      // What failed is tried again, and told by whoever reads.
      lines.catch(() => {
        if (this.#held?.lines === lines) this.#held = null;
      });
    }
    return this.#held.lines;
  }

  /** Null if the archive has it otherwise by now. */
  async #decode(range: ArchivedRange): Promise<RangeLines | null> {
    const { objects, decoder } = this.#options;
    const names = range.objects.map(({ name }) => name);
    const found = await someAtOnce(names, (name) => objects.read(name));
    const files = found.filter((bytes) => bytes !== null);
    if (files.length < names.length) {
      await this.#readAgain(new Set(names.filter((_, n) => found[n] === null)));
      return null;
    }
    const decoded = await decoder.decode(files);
    const { offsets } = decoded;
    const rows = rowsIn(range.objects);
    const isWhole =
      offsets.length === rows &&
      offsets.every(
        (offset, n) => offset >= range.from && offset < range.to && offset !== offsets[n - 1],
      );
    if (isWhole) return new RangeLines(range, decoded);
    throw new MillraceError(
      'archive_damaged',
      `The objects of offsets ${range.from} to ${range.to} have ${offsets.length} events, and not the ${rows} that the archive says, each once.`,
    );
  }

  /** @throws MillraceError `archive_damaged` if objects that are gone are still what it should have. */
  async #readAgain(gone: ReadonlySet<string>): Promise<void> {
    this.#ranges = await readRanges(this.#options);
    for (const { name } of this.#ranges.flatMap(({ objects }) => objects)) {
      if (!gone.has(name)) continue;
      throw new MillraceError('archive_damaged', `${name} is gone from the archive.`);
    }
  }
}

/** @throws MillraceError `archive_unavailable`; `archive_damaged` if ranges overlap. */
async function readRanges({
  objects,
  partition,
}: Pick<ArchivedLogOptions, 'objects' | 'partition'>): Promise<readonly ArchivedRange[]> {
  const ranges = await new Manifest(objects).ranges(partition);
  for (const [n, { from, to }] of ranges.entries()) {
    const before = ranges[n - 1];
    if (from < to && (before === undefined || before.to <= from)) continue;
    throw new MillraceError(
      'archive_damaged',
      `The archive says that it has offsets ${from} to ${to} of partition ${partition} behind ${before?.to ?? 0}.`,
    );
  }
  return ranges;
}

const rowsIn = (objects: readonly ArchivedObject[]): number =>
  objects.reduce((sum, { rows }) => sum + rows, 0);

const nothingAt = (at: number): LogSlice => ({
  from: at,
  to: at,
  lines: new Uint8Array(),
  appendedAt: 0,
});

/** The lines of one range. They are read on and on, so it is known where the last slice ended. */
class RangeLines {
  readonly #range: ArchivedRange;
  readonly #decoded: DecodedLines;
  readonly #lines: Buffer;
  /** The line at this index begins at this byte. */
  #next = { index: 0, at: 0 };

  constructor(range: ArchivedRange, decoded: DecodedLines) {
    const { lines } = decoded;
    this.#range = range;
    this.#decoded = decoded;
    this.#lines = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
  }

  /** From an offset on and below another, as long as offsets follow each other. */
  slice(from: number, until: number, { rowsMax, bytesMax }: SliceLimits): LogSlice {
    const { offsets, appendedAt } = this.#decoded;
    const first = this.#seek(from);
    const begin = this.#next.at;
    const firstOffset = offsets[first];
    if (firstOffset === undefined) return nothingAt(Math.min(this.#range.to, until));
    if (firstOffset >= until) return nothingAt(until);
    let { index, at } = this.#next;
    let newestAt = 0;
    const countMax = Math.min(rowsMax, until - firstOffset);
    while (index < offsets.length && index - first < countMax) {
      const end = this.#lines.indexOf(newline, at) + 1;
      const fits = index === first || end - begin <= bytesMax;
      if (!fits || offsets[index] !== firstOffset + index - first) break;
      newestAt = Math.max(newestAt, appendedAt[index] ?? 0);
      index += 1;
      at = end;
    }
    this.#next = { index, at };
    return {
      from: firstOffset,
      to: firstOffset + index - first,
      lines: this.#lines.subarray(begin, at),
      appendedAt: newestAt,
    };
  }

  /** Goes to the first line at an offset or behind it. */
  #seek(from: number): number {
    const { offsets } = this.#decoded;
    const before = offsets[this.#next.index - 1];
    if (before !== undefined && before >= from) this.#next = { index: 0, at: 0 };
    let { index, at } = this.#next;
    while (index < offsets.length && (offsets[index] ?? from) < from) {
      at = this.#lines.indexOf(newline, at) + 1;
      index += 1;
    }
    this.#next = { index, at };
    return index;
  }
}
