import { MillraceError } from '../errors.ts';
import type { ArchiveRewriter } from '../ports/archive-rewriter.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ArchivedObject, ArchivedRange, PartitionRange } from './archived-range.ts';
import { Manifest } from './manifest.ts';
import { type ReplacedRange, type Replacement, replacingObjectName } from './replacement.ts';
import { someAtOnce } from './some-at-once.ts';

export interface ReplacerOptions {
  readonly objects: ObjectStore;
  readonly rewriter: ArchiveRewriter;
  readonly partition: number;
  readonly reach?: ReachCrashPoint;
  /** Ends what is under way where that leaves nothing behind: before anything of it is written. */
  readonly signal?: AbortSignal;
}

/**
 * Replaces objects of the archive by others: those of ranges that follow each other
 * by one for each day and type, and those that have events which are to go by some
 * without them.
 *
 * It says which replacement is next, writes its objects, says that they are there,
 * which is the moment in which readers see them instead of the others, and removes
 * the others. Each step is done unless it is done already, by whoever comes: after a
 * crash the same is done again, and two that do it at once do the same. Nothing else
 * is replaced before.
 *
 * Holds the objects that it writes, and those of a day and type that it makes one of.
 */
export class Replacer {
  readonly #options: ReplacerOptions & Required<Pick<ReplacerOptions, 'reach'>>;
  readonly #manifest: Manifest;
  /** Nothing is left of what replacements up to this one have replaced. */
  #cleanUpTo = 0;

  constructor(options: ReplacerOptions) {
    this.#options = { reach: survive, ...options };
    this.#manifest = new Manifest(options.objects);
  }

  /**
   * Makes one range of those from an offset up to another, without the events at some
   * of these offsets.
   *
   * @returns null, and has done nothing, if the archive has no ranges that begin and end there
   *   without a gap.
   * @throws MillraceError `archive_unavailable`, `archive_damaged`; StoreError.
   */
  async replace(
    { from, to }: Pick<PartitionRange, 'from' | 'to'>,
    without: readonly number[] = [],
  ): Promise<ArchivedRange | null> {
    const { partition } = this.#options;
    for (;;) {
      const last = await this.recover();
      const sources = await this.#manifest.ranges(partition, { having: { from, to } });
      if (!follow(sources, { from, to })) return null;
      const wanted = { number: last + 1, partition, from, to, without };
      const settled = await this.#manifest.beginReplacement(wanted);
      const made = await this.#make(settled);
      if (isSame(settled, wanted)) return made;
    }
  }

  /** Ends what was begun, by whomever. @returns the number of the newest replacement; 0 if there is none. */
  async recover(): Promise<number> {
    const { seen, begun } = await this.#manifest.lastReplacement(this.#options.partition);
    if (begun !== null) await this.#make(begun);
    else if (seen !== null && seen.number > this.#cleanUpTo) await this.#clean(seen);
    return begun?.number ?? seen?.number ?? 0;
  }

  async #make(replacement: Replacement): Promise<ReplacedRange> {
    const { reach, objects } = this.#options;
    reach('replacement-begun');
    const sources = await this.#manifest.ranges(replacement.partition, {
      having: replacement,
      before: replacement.number,
    });
    const rewritten = await this.#rewritten(sources, replacement);
    if (rewritten === null) return this.#madeByAnother(replacement);
    for (const { object, bytes } of rewritten) {
      if (bytes === null) continue;
      await objects.create(object.name, bytes);
      reach('replacement-written');
    }
    const made = rewritten.map(({ object }) => object);
    const kept = new Set(made.map(({ name }) => name));
    const old = sources.flatMap((source) => source.objects).map(({ name }) => name);
    const { number, partition, from, to } = replacement;
    const seen = await this.#manifest.noteReplacement({
      ...{ number, partition, from, to, objects: made, level: levelOf(sources) },
      replaced: old.filter((name) => !kept.has(name)),
    });
    reach('replacement-noted');
    // Another may have ended it long ago, and what came of it may be replaced by now.
    await this.#clean(seen, [...kept]);
    return seen;
  }

  /** Each object of the replacement; null if some that it is made of is gone. */
  async #rewritten(
    sources: readonly ArchivedRange[],
    replacement: Replacement,
  ): Promise<readonly Rewritten[] | null> {
    const { rewriter, objects, signal } = this.#options;
    const { without } = replacement;
    const rewritten: Rewritten[] = [];
    for (const group of groupsOf(sources)) {
      signal?.throwIfAborted();
      const [first] = group;
      if (first === undefined) continue;
      if (group.length === 1 && without.length === 0) {
        rewritten.push({ object: first, bytes: null });
        continue;
      }
      const files = await someAtOnce(group, ({ name }) => objects.read(name));
      const found = files.filter((bytes) => bytes !== null);
      if (found.length < files.length) return null;
      const file = await rewriter.rewrite(found, without);
      if (file === null) continue;
      const { date, type } = first;
      const { rows, bytes } = file;
      if (group.length === 1 && rows === first.rows) {
        rewritten.push({ object: first, bytes: null });
        continue;
      }
      const name = replacingObjectName(first, replacement);
      rewritten.push({ object: { name, date, type, rows, bytes: bytes.length }, bytes });
    }
    return rewritten;
  }

  async #madeByAnother(replacement: Replacement): Promise<ReplacedRange> {
    const seen = await this.#manifest.replaced(replacement);
    if (seen !== null) return seen;
    const { partition, from, to } = replacement;
    throw new MillraceError(
      'archive_damaged',
      `Objects of offsets ${from} to ${to} of partition ${partition} are gone from the archive.`,
    );
  }

  async #clean(seen: ReplacedRange, written: readonly string[] = []): Promise<void> {
    await this.#manifest.removeUnseen(seen, [...seen.replaced, ...written]);
    this.#options.reach('replacement-cleaned');
    this.#cleanUpTo = seen.number;
  }
}

interface Rewritten {
  readonly object: ArchivedObject;
  /** Null if the object is one that is there. */
  readonly bytes: Uint8Array | null;
}

/** Whether ranges are all of what lies between two offsets. */
const follow = (
  ranges: readonly ArchivedRange[],
  { from, to }: Pick<PartitionRange, 'from' | 'to'>,
): boolean =>
  ranges.length > 0 &&
  ranges.every((range, n) => range.from === (ranges[n - 1]?.to ?? from)) &&
  ranges.at(-1)?.to === to;

const levelOf = (sources: readonly ArchivedRange[]): number => {
  const highest = Math.max(0, ...sources.map(({ level = 0 }) => level));
  return sources.length > 1 ? highest + 1 : highest;
};

/** Objects of the same day and type. */
function groupsOf(sources: readonly ArchivedRange[]): readonly (readonly ArchivedObject[])[] {
  const groups = new Map<string, ArchivedObject[]>();
  for (const object of sources.flatMap(({ objects }) => objects)) {
    const key = JSON.stringify([object.date, object.type]);
    const group = groups.get(key);
    if (group) group.push(object);
    else groups.set(key, [object]);
  }
  return [...groups.values()];
}

const isSame = (a: Replacement, b: Replacement): boolean =>
  a.from === b.from &&
  a.to === b.to &&
  a.without.length === b.without.length &&
  a.without.every((offset, n) => offset === b.without[n]);
