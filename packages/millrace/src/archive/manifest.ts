import type { ObjectStore } from '../ports/object-store.ts';
import {
  type ArchivedRange,
  archivedName,
  begunName,
  type PartitionRange,
  rangesFolder,
  readArchivedName,
} from './archived-range.ts';
import { liveRanges } from './live-ranges.ts';
import {
  type ReplacedRange,
  type Replacement,
  readReplacedName,
  replacedName,
  replacementBegunName,
  replacementsFolder,
} from './replacement.ts';
import { someAtOnce } from './some-at-once.ts';

export interface SoughtRanges {
  /** Only those that have some of these offsets. */
  readonly having?: Pick<PartitionRange, 'from' | 'to'>;
  /** As it was when only replacements with smaller numbers were there. */
  readonly before?: number;
  /** Only so many, the newest. */
  readonly newest?: number;
}

/**
 * What the archive covers, kept in the archive itself. Ranges of a partition
 * follow each other without gap or overlap, because the first to say what is
 * next has said it for all. What is there of them may be replaced, by which too
 * the first settles what comes next.
 */
export class Manifest {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The ranges that readers see, in order. @throws MillraceError `archive_unavailable`. */
  async ranges(partition: number, sought: SoughtRanges = {}): Promise<readonly ArchivedRange[]> {
    const { having, before, newest } = sought;
    // First: a replacement names no range that is not listed by then.
    const replacements = await this.#objects.list(replacementsFolder(partition));
    const ranges = await this.#objects.list(rangesFolder(partition));
    const live = liveRanges(ranges, replacements, before);
    // Of the one before its name need not say where it ends.
    const first = having && live.findLastIndex(({ from }) => from <= having.from);
    const some = live
      .slice(Math.max(first ?? 0, 0))
      .filter(({ from }) => having === undefined || from < having.to)
      .slice(newest === undefined ? 0 : -newest);
    const read = await someAtOnce(some, ({ name }) => this.#read<ArchivedRange>(name));
    return having === undefined ? read : read.filter(({ to }) => to > having.from);
  }

  /** Where the newest range that is there ends; null if there is none. */
  async end(partition: number): Promise<number | null> {
    const names = await this.#objects.list(rangesFolder(partition));
    const name = names.findLast((each) => readArchivedName(each) !== null);
    return name === undefined ? null : (await this.#read<ArchivedRange>(name)).to;
  }

  /** Settles which range is next; of several who ask at once each gets the same. */
  begin(wanted: PartitionRange): Promise<PartitionRange> {
    return this.#settle(begunName(wanted), wanted);
  }

  /** The range that was begun at an offset; null if none was. */
  async begun(at: Pick<PartitionRange, 'partition' | 'from'>): Promise<PartitionRange | null> {
    const name = begunName(at);
    return (await this.#objects.read(name)) === null ? null : this.#read<PartitionRange>(name);
  }

  /** All objects of the range are there. @returns whether nobody had said so. */
  note(range: ArchivedRange): Promise<boolean> {
    return this.#objects.create(archivedName(range), bytesOf(range));
  }

  /** The newest replacement that readers see, and the one that was begun behind it, if there are any. */
  async lastReplacement(partition: number): Promise<{
    readonly seen: ReplacedRange | null;
    readonly begun: Replacement | null;
  }> {
    const names = await this.#objects.list(replacementsFolder(partition));
    const seenName = names.findLast((name) => readReplacedName(name) !== null);
    const seen = seenName === undefined ? null : await this.#read<ReplacedRange>(seenName);
    const begunBehind = replacementBegunName({ partition, number: (seen?.number ?? 0) + 1 });
    const begun = names.includes(begunBehind) ? await this.#read<Replacement>(begunBehind) : null;
    return { seen, begun };
  }

  /** What readers see of a replacement, or saw before the next; null if it is not made. */
  async replaced(replacement: Replacement): Promise<ReplacedRange | null> {
    const name = replacedName(replacement);
    return (await this.#objects.read(name)) === null ? null : this.#read<ReplacedRange>(name);
  }

  /** Settles which replacement has a number; of several who ask at once each gets the same. */
  beginReplacement(wanted: Replacement): Promise<Replacement> {
    return this.#settle(replacementBegunName(wanted), wanted);
  }

  /** All objects of the replacement are there, and readers see it. @returns as the first has said so. */
  noteReplacement(range: ReplacedRange): Promise<ReplacedRange> {
    return this.#settle(replacedName(range), range);
  }

  /**
   * Removes objects that were written for a range, or that it had, but for those
   * that readers see.
   */
  async removeUnseen(range: PartitionRange, names: readonly string[]): Promise<void> {
    const ranges = await this.ranges(range.partition, { having: range });
    const seen = new Set(ranges.flatMap(({ objects }) => objects.map(({ name }) => name)));
    const unseen = names.filter((name) => !seen.has(name));
    await someAtOnce(unseen, (name) => this.#objects.remove(name));
  }

  async #settle<Kept extends PartitionRange>(name: string, wanted: Kept): Promise<Kept> {
    if (await this.#objects.create(name, bytesOf(wanted))) return wanted;
    return this.#read<Kept>(name);
  }

  async #read<Kept>(name: string): Promise<Kept> {
    const bytes = await this.#objects.read(name);
    if (bytes === null) throw new Error(`${name} is gone from the archive.`);
    const kept: Kept = JSON.parse(Buffer.from(bytes).toString());
    return kept;
  }
}

const bytesOf = (kept: PartitionRange): Uint8Array => Buffer.from(`${JSON.stringify(kept)}\n`);
