import type { RollupPlan } from '../plan/plan.ts';
import type {
  RollupPlace,
  RollupProgress,
  RollupProgressKeeper,
} from '../ports/rollup-progress.ts';
import { Turns } from '../turns.ts';

export type Place = RollupPlace<RollupPlan>;

/** Before the first event that can be: DateTime64 begins with the year 1900. */
export const beginningMs = Date.UTC(1900, 0, 1);

/**
 * Which versions of rollups have tables, and how far each is. Of each name at
 * most one is ready; beside it one more may be filled to take its place, and one
 * may be kept that had it before.
 */
export class RollupTables {
  readonly #keeper: RollupProgressKeeper<RollupPlan>;
  readonly #turns = new Turns();
  #progress: RollupProgress<RollupPlan>;

  private constructor(
    keeper: RollupProgressKeeper<RollupPlan>,
    progress: RollupProgress<RollupPlan>,
  ) {
    this.#keeper = keeper;
    this.#progress = progress;
  }

  /** @param whole rollups whose tables have everything, where nothing was kept about tables yet. */
  static async open(
    keeper: RollupProgressKeeper<RollupPlan>,
    whole: readonly RollupPlan[],
  ): Promise<RollupTables> {
    const kept = await keeper.read();
    const tables = whole.map((rollup): readonly [string, Place] => [
      rollup.table,
      { ...emptyPlace(rollup), stage: 'ready' },
    ]);
    return new RollupTables(
      keeper,
      kept ?? { eventsGoneBeforeMs: null, tables: Object.fromEntries(tables) },
    );
  }

  get places(): readonly Place[] {
    return Object.values(this.#progress.tables);
  }

  /**
   * Events that happened before this (epoch ms) may be gone.
   *
   * @param keepMs how long they are kept now; null for ever.
   */
  eventsGoneBeforeMs(keepMs: number | null, nowMs: number): number {
    return Math.max(
      this.#progress.eventsGoneBeforeMs ?? Number.NEGATIVE_INFINITY,
      keepMs === null ? Number.NEGATIVE_INFINITY : nowMs - keepMs,
    );
  }

  at(table: string): Place | undefined {
    return this.#progress.tables[table];
  }

  /** The version of a rollup that has everything. */
  ready(name: string): Place | undefined {
    return this.places.find(({ rollup, stage }) => rollup.name === name && stage === 'ready');
  }

  /** The version that readers of a rollup may go back to. */
  kept(name: string): Place | undefined {
    return this.places.find(({ rollup, stage }) => rollup.name === name && stage === 'kept');
  }

  /** One that a rollup never had, if it had none newer than `newest` otherwise. */
  nextVersion(name: string, newest: number): number {
    const versions = this.places
      .filter(({ rollup }) => rollup.name === name)
      .map(({ rollup }) => rollup.version);
    return Math.max(newest, this.#progress.replayed?.[name] ?? 0, ...versions) + 1;
  }

  /** The newest versions that replays gave out. */
  get replayed(): readonly { readonly name: string; readonly version: number }[] {
    return Object.entries(this.#progress.replayed ?? {}).map(([name, version]) => ({
      name,
      version,
    }));
  }

  in(stage: Place['stage']): readonly Place[] {
    return this.places.filter((place) => place.stage === stage);
  }

  /** Begins a version that is replayed. */
  begin(place: Place): Promise<void> {
    const { name, version, table } = place.rollup;
    return this.#save(({ tables, replayed, ...rest }) => ({
      ...rest,
      tables: { ...tables, [table]: place },
      replayed: { ...replayed, [name]: version },
    }));
  }

  /** Changes places all at once: a crash leaves all of them as they were, or none. */
  save(...changed: readonly Place[]): Promise<void> {
    return this.#save(({ tables, ...rest }) => ({
      ...rest,
      tables: {
        ...tables,
        ...Object.fromEntries(changed.map((place) => [place.rollup.table, place])),
      },
    }));
  }

  /** Once its table is dropped. */
  forget({ rollup }: Place): Promise<void> {
    return this.#save(({ tables, ...rest }) => ({
      ...rest,
      tables: Object.fromEntries(
        Object.entries(tables).filter(([table]) => table !== rollup.table),
      ),
    }));
  }

  async noteEventsGone(beforeMs: number): Promise<void> {
    if (beforeMs <= (this.#progress.eventsGoneBeforeMs ?? Number.NEGATIVE_INFINITY)) return;
    await this.#save((progress) => ({ ...progress, eventsGoneBeforeMs: beforeMs }));
  }

  #save(
    change: (progress: RollupProgress<RollupPlan>) => RollupProgress<RollupPlan>,
  ): Promise<void> {
    return this.#turns.take(async () => {
      const progress = change(this.#progress);
      await this.#keeper.save(progress);
      this.#progress = progress;
    });
  }
}

/** A table that is about to be created. */
export const emptyPlace = (rollup: RollupPlan): Place => ({
  rollup,
  stage: 'creating',
  cut: 0,
  events: 0,
  eventsDone: 0,
  doneToMs: beginningMs,
  intent: null,
  completeSinceMs: null,
});
