import { ArchivedLog } from '../archive/archived-log.ts';
import { Manifest } from '../archive/manifest.ts';
import { Replacer } from '../archive/replacer.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { ArchiveRewriter } from '../ports/archive-rewriter.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { OffsetSet } from './offset-set.ts';

export interface ArchiveRemovalOptions {
  readonly objects: ObjectStore;
  readonly files: ArchiveDecoder & ArchiveRewriter;
  readonly partition: number;
  readonly reach: ReachCrashPoint;
}

/** Takes events of a partition out of an archive. */
export class ArchiveRemoval {
  readonly #options: ArchiveRemovalOptions;
  readonly #replacer: Replacer;

  constructor(options: ArchiveRemovalOptions) {
    this.#options = options;
    this.#replacer = new Replacer({ ...options, rewriter: options.files });
  }

  /** What it has; null if that is nothing. */
  open(): Promise<LogReader | null> {
    const { objects, files: decoder, partition } = this.#options;
    return ArchivedLog.open({ objects, decoder, partition });
  }

  /**
   * Takes those of some events, one at least at an offset or behind it, out that lie in the
   * first range which has any.
   *
   * @returns where that range ends.
   */
  async removeNext(offsets: OffsetSet, at: number): Promise<number> {
    const { objects, partition } = this.#options;
    const first = offsets.firstWithin(at);
    for (;;) {
      const having = { from: first, to: first + 1 };
      const [range] = await new Manifest(objects).ranges(partition, { having });
      if (range === undefined) return first + 1;
      const { from, to } = range;
      const without = offsets.within(first, to);
      // Null if it was put together with others meanwhile.
      if ((await this.#replacer.replace({ from, to }, without)) !== null) return to;
    }
  }
}
