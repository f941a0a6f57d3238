import type { ForgetProgress, ForgetProgressKeeper } from '../ports/forget-progress.ts';
import { Turns } from '../turns.ts';
import { OffsetSet } from './offset-set.ts';

const nothing: ForgetProgress = { underWay: null, offsets: [], done: [] };

/** A part of event time, epoch ms. */
export interface TimeSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A version of a rollup, and which of its buckets were made anew. */
interface RollupVersion {
  readonly rollup: { readonly name: string; readonly table: string };
  readonly replay?: { readonly sinceMs: number | null; readonly untilMs: number | null };
}

/** Who is being forgotten, and what was: what is kept of it. */
export class Forgotten {
  readonly #keeper: ForgetProgressKeeper;
  readonly #turns = new Turns();
  #progress: ForgetProgress;
  #offsets: OffsetSet;

  private constructor(keeper: ForgetProgressKeeper, progress: ForgetProgress) {
    this.#keeper = keeper;
    this.#progress = progress;
    this.#offsets = new OffsetSet(progress.offsets);
  }

  static async open(keeper: ForgetProgressKeeper): Promise<Forgotten> {
    return new Forgotten(keeper, (await keeper.read()) ?? nothing);
  }

  /** Events that no reader of the log or the archive gets. */
  get offsets(): OffsetSet {
    return this.#offsets;
  }

  get underWay(): ForgetProgress['underWay'] {
    return this.#progress.underWay;
  }

  get done(): ForgetProgress['done'] {
    return this.#progress.done;
  }

  /** Changes with what answers may say: one that was made before is not to be given any more. */
  get revision(): number {
    return 2 * this.done.length + (this.underWay?.removed ? 1 : 0);
  }

  /**
   * Buckets of a version of a rollup in which forgotten events still count: no
   * events make them what they are. A few too many, where parts were made anew.
   */
  countedIn({ rollup: { name, table }, replay }: RollupVersion): readonly TimeSpan[] {
    const { done, underWay } = this.#progress;
    const touched = [...done, ...(underWay?.found ? [underWay.found] : [])].flatMap(({ rollups }) =>
      rollups.filter(({ rollup }) => rollup === name),
    );
    return touched.flatMap(({ tables, ranges }) => {
      const spans = ranges.map(({ since, until }) => ({
        sinceMs: Date.parse(since),
        untilMs: Date.parse(until),
      }));
      if (tables.includes(table)) return spans;
      const { sinceMs = null, untilMs = null } = replay ?? {};
      // What a replay left out it has from the version before.
      return spans.filter(
        (span) =>
          (sinceMs !== null && span.sinceMs < sinceMs) ||
          (untilMs !== null && span.untilMs > untilMs),
      );
    });
  }

  save(change: (progress: ForgetProgress) => ForgetProgress): Promise<void> {
    return this.#turns.take(async () => {
      const progress = change(this.#progress);
      await this.#keeper.save(progress);
      if (progress.offsets !== this.#progress.offsets) {
        this.#offsets = new OffsetSet(progress.offsets);
      }
      this.#progress = progress;
    });
  }
}
