import { deltasFill } from '../../compile/clickhouse/deltas-table.ts';
import { rollupFill } from '../../compile/clickhouse/rollup-table.ts';
import type { RollupStatus } from '../../observe/status.ts';
import { filledByDeltas } from '../../plan/deltas.ts';
import type { Plan } from '../../plan/plan.ts';
import type { ServedRollup } from '../../query/answer-question.ts';
import type { Step } from '../../query/completeness.ts';
import { database } from '../database.ts';
import type { AppliedWatch } from './applied-watch.ts';
import type { RollupVersion } from './apply/rollup-version.ts';
import { isToCome } from './apply/stages.ts';
import { tableWays } from './table-ways.ts';

/**
 * The versions of rollups that readers are to see, as it was applied. While that is not
 * known there are none, as nobody knows which logic a table has; where nobody
 * applied anything, those of the definition.
 */
export class ServedRollups {
  readonly #plan: Plan;
  readonly #there: ReadonlySet<string>;
  readonly #watch: Pick<AppliedWatch, 'applied'>;

  /** @param there the names of the store's tables and views. */
  constructor(plan: Plan, there: ReadonlySet<string>, watch: Pick<AppliedWatch, 'applied'>) {
    this.#plan = plan;
    this.#there = there;
    this.#watch = watch;
  }

  get now(): readonly ServedRollup[] {
    if (!this.#isApplied)
      return this.#watch.applied === null
        ? []
        : this.#plan.rollups.map((rollup) => ({ rollup, completeSinceMs: null }));
    return this.#versions
      .filter(({ stage }) => stage === 'shown')
      .map(({ rollup, fill }) => ({ rollup, completeSinceMs: fill?.completeSinceMs ?? null }));
  }

  /** By table, who brings it what is in the raw log. */
  get ways(): ReadonlyMap<string, readonly Step[]> {
    const rollups = this.now.map(({ rollup }) => rollup);
    const applied = this.#isApplied ? rollups : [];
    const fills = applied.map((rollup) =>
      (filledByDeltas(rollup) ? deltasFill : rollupFill)(rollup, database),
    );
    const there = new Set([...this.#there, ...fills.map(({ table }) => table)]);
    return tableWays({ ...this.#plan, rollups }, there);
  }

  get statuses(): readonly RollupStatus[] {
    const { now } = this;
    return this.#plan.rollups.map(({ name, ...defined }) => {
      const served = now.find(({ rollup }) => rollup.name === name);
      const versions = this.#versions.filter(({ rollup }) => rollup.name === name);
      const toCome = versions.findLast(isToCome);
      const { version } = toCome?.rollup ?? served?.rollup ?? defined;
      const fill = versions.find(({ rollup }) => rollup.version === version)?.fill;
      const since = served?.completeSinceMs ?? null;
      return {
        ...{ name, version },
        state: toCome === undefined ? 'ready' : 'filling',
        served_by: served === undefined ? 'events' : `${name} v${served.rollup.version}`,
        events_to_fill: fill?.events ?? 0,
        events_filled: fill?.eventsDone ?? 0,
        complete_since: since === null ? null : new Date(since).toISOString(),
      };
    });
  }

  get #isApplied(): boolean {
    return this.#watch.applied !== null && this.#watch.applied.plan !== null;
  }

  get #versions(): readonly RollupVersion[] {
    return Object.values(this.#watch.applied?.rollups ?? {});
  }
}
