import type { ObjectStore } from '../ports/object-store.ts';
import {
  type ArchivedRange,
  archivedName,
  begunName,
  type PartitionRange,
  rangesFolder,
} from './archived-range.ts';

/** There is one for each hour of years. */
const readAtOnce = 64;

/**
 * What the archive covers, kept in the archive itself. Ranges of a partition
 * follow each other without gap or overlap, because the first to say what is
 * next has said it for all.
 */
export class Manifest {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The ranges that are there, in order. @throws MillraceError `archive_unavailable`. */
  async ranges(partition: number): Promise<readonly ArchivedRange[]> {
    const names = await this.#namesOf(partition);
    const ranges: ArchivedRange[] = [];
    for (let first = 0; first < names.length; first += readAtOnce) {
      const some = names.slice(first, first + readAtOnce);
      ranges.push(...(await Promise.all(some.map((name) => this.#read<ArchivedRange>(name)))));
    }
    return ranges;
  }

  /** The newest range that is there; null if there is none. */
  async last(partition: number): Promise<ArchivedRange | null> {
    const name = (await this.#namesOf(partition)).at(-1);
    return name === undefined ? null : this.#read<ArchivedRange>(name);
  }

  /** Settles which range is next; of several who ask at once each gets the same. */
  async begin(wanted: PartitionRange): Promise<PartitionRange> {
    const name = begunName(wanted);
    if (await this.#objects.create(name, bytesOf(wanted))) return wanted;
    return this.#read<PartitionRange>(name);
  }

  /** The range that was begun at an offset; null if none was. */
  async begun(at: Pick<PartitionRange, 'partition' | 'from'>): Promise<PartitionRange | null> {
    const name = begunName(at);
    return (await this.#objects.read(name)) === null ? null : this.#read<PartitionRange>(name);
  }

  /** All objects of the range are there. */
  async note(range: ArchivedRange): Promise<void> {
    await this.#objects.create(archivedName(range), bytesOf(range));
  }

  async #namesOf(partition: number): Promise<readonly string[]> {
    const names = await this.#objects.list(rangesFolder(partition));
    return names.filter((name) => !name.endsWith('.begun.json'));
  }

  async #read<Kept>(name: string): Promise<Kept> {
    const bytes = await this.#objects.read(name);
    if (bytes === null) throw new Error(`${name} is gone from the archive.`);
    const kept: Kept = JSON.parse(Buffer.from(bytes).toString());
    return kept;
  }
}

const bytesOf = (kept: PartitionRange): Uint8Array => Buffer.from(`${JSON.stringify(kept)}\n`);
