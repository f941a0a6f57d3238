import { showVersion } from '../../../compile/clickhouse/rollup-versions.ts';
import { deltasTopicName } from '../../../compile/kafka/topics.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { define } from './define.ts';
import { untilLetGo } from './let-go.ts';
import { tablesIn } from './look.ts';
import { dropTables, optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { shownVersion } from './rollup-version.ts';
import { withLeaving, without } from './stages.ts';

/** Drops versions once loaders and readers have let go of them. */
export async function dropRollups(
  rollups: readonly RollupPlan[],
  plan: Plan,
  work: Performing,
): Promise<void> {
  const { claim, reach } = work;
  const tables = rollups.map(({ table }) => table);
  await claim.keep({ ...claim.applied, rollups: withLeaving(claim.applied.rollups, tables) });
  await showWhatWasKept(rollups, work);
  await untilLetGo(
    rollups.map((rollup) => deltasTopicName(rollup, plan)),
    plan,
    work,
  );
  reach('rollup-switched');
  for (const rollup of rollups) {
    const isNameTaken = [...plan.rollups, ...plan.windows].some(({ name }) => name === rollup.name);
    await dropTables(rollup, isNameTaken, work);
  }
  await claim.keep({ ...claim.applied, rollups: without(claim.applied.rollups, tables) });
}

/**
 * An apply that died may have let readers of a name see one of these already, and not have
 * kept so: they are to see what was kept, if the store has not lost it.
 */
async function showWhatWasKept(rollups: readonly RollupPlan[], work: Performing): Promise<void> {
  const { tables } = await tablesIn(work.store);
  const shown = rollups.flatMap(({ name }) => {
    const version = shownVersion(work.claim.applied.rollups, name);
    return version && tables.has(version.rollup.table) ? [version.rollup] : [];
  });
  await define(
    shown.map((rollup) => showVersion(rollup, 'table', optionsOf(work))),
    work,
  );
}
