import type { WindowPlan } from '../plan/plan.ts';
import type {
  WindowVersion,
  WindowVersions,
  WindowVersionsKeeper,
} from '../ports/window-versions.ts';
import { Turns } from '../turns.ts';

export type VersionedWindow = WindowVersion<WindowPlan>;

/**
 * Which versions of windows have tables. Of each name one is ready; beside it one
 * more may be filled to take its place, and one may be kept that had it before.
 */
export class WindowTables {
  readonly #keeper: WindowVersionsKeeper<WindowPlan>;
  readonly #turns = new Turns();
  #versions: WindowVersions<WindowPlan>;

  private constructor(
    keeper: WindowVersionsKeeper<WindowPlan>,
    versions: WindowVersions<WindowPlan>,
  ) {
    this.#keeper = keeper;
    this.#versions = versions;
  }

  /** @param defined windows whose tables are there, where nothing was kept about tables yet. */
  static async open(
    keeper: WindowVersionsKeeper<WindowPlan>,
    defined: readonly WindowPlan[],
  ): Promise<WindowTables> {
    const kept = await keeper.read();
    const tables = defined.map((window) => [window.table, asDefined(window)] as const);
    return new WindowTables(keeper, kept ?? { tables: Object.fromEntries(tables), replayed: {} });
  }

  get versions(): readonly VersionedWindow[] {
    return Object.values(this.#versions.tables);
  }

  at(table: string): VersionedWindow | undefined {
    return this.#versions.tables[table];
  }

  in(...stages: readonly VersionedWindow['stage'][]): readonly VersionedWindow[] {
    return this.versions.filter(({ stage }) => stages.includes(stage));
  }

  /** The version that readers see. */
  ready(name: string): VersionedWindow | undefined {
    return this.#of(name, 'ready');
  }

  /** The version that readers may go back to. */
  kept(name: string): VersionedWindow | undefined {
    return this.#of(name, 'kept');
  }

  /** The version that is being filled. */
  filling(name: string): VersionedWindow | undefined {
    return this.#of(name, 'filling');
  }

  /** Those that results are written to as windows end. */
  get live(): readonly WindowPlan[] {
    return this.in('ready', 'filling', 'kept').map(({ window }) => window);
  }

  /** One that a window never had, if it had none newer than `newest` otherwise. */
  nextVersion(name: string, newest: number): number {
    const versions = this.versions
      .filter(({ window }) => window.name === name)
      .map(({ window }) => window.version);
    return Math.max(newest, this.#versions.replayed[name] ?? 0, ...versions) + 1;
  }

  /** The newest versions that replays gave out. */
  get replayed(): readonly { readonly name: string; readonly version: number }[] {
    return Object.entries(this.#versions.replayed).map(([name, version]) => ({ name, version }));
  }

  /** Begins a version that is replayed. */
  begin(version: VersionedWindow): Promise<void> {
    const { name, table, version: number } = version.window;
    return this.#save(({ tables, replayed }) => ({
      tables: { ...tables, [table]: version },
      replayed: { ...replayed, [name]: number },
    }));
  }

  /** Changes versions all at once: a crash leaves all of them as they were, or none. */
  save(...changed: readonly VersionedWindow[]): Promise<void> {
    const entries = changed.map((version) => [version.window.table, version] as const);
    return this.#save(({ tables, replayed }) => ({
      tables: { ...tables, ...Object.fromEntries(entries) },
      replayed,
    }));
  }

  /** Once its table is dropped. */
  forget({ window }: VersionedWindow): Promise<void> {
    return this.#save(({ tables, replayed }) => ({
      tables: Object.fromEntries(
        Object.entries(tables).filter(([table]) => table !== window.table),
      ),
      replayed,
    }));
  }

  #of(name: string, stage: VersionedWindow['stage']): VersionedWindow | undefined {
    return this.in(stage).find(({ window }) => window.name === name);
  }

  #save(
    change: (versions: WindowVersions<WindowPlan>) => WindowVersions<WindowPlan>,
  ): Promise<void> {
    return this.#turns.take(async () => {
      const versions = change(this.#versions);
      await this.#keeper.save(versions);
      this.#versions = versions;
    });
  }
}

/** A version as a definition makes it. */
export const asDefined = (window: WindowPlan): VersionedWindow => ({
  ...{ window, definedAs: window.table },
  ...{ stage: 'ready', replay: null },
});
