import { setTimeout as sleep } from 'node:timers/promises';
import { showVersion } from '../../../compile/clickhouse/rollup-versions.ts';
import { deltasTopicName } from '../../../compile/kafka/topics.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { loaderGroup } from '../group-names.ts';
import { define } from './define.ts';
import { tablesIn } from './look.ts';
import { dropTables, optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { shownVersion, withLeaving, without } from './rollup-version.ts';

/** How long (ms) whoever answers may take to learn that a version is to be read no more. */
const readersMs = 10_000;
const lookMs = 500;

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
  const leftMs = performance.now();
  await untilLetGo(rollups, plan, work);
  await sleep(readersMs - (performance.now() - leftMs));
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

/** Their deltas cannot be stored any more once their tables are gone. */
async function untilLetGo(
  rollups: readonly RollupPlan[],
  plan: Plan,
  { admin, claim, tell }: Performing,
): Promise<void> {
  const deltas = new Set(rollups.map((rollup) => deltasTopicName(rollup, plan)));
  for (let told = false; ; told = true) {
    const { topics } = await admin.group(loaderGroup(plan));
    if (topics !== null && !topics.some((topic) => deltas.has(topic))) return;
    if (!told) tell('waiting until loaders let go of them');
    claim.sure();
    await sleep(lookMs);
  }
}
