import { setTimeout as sleep } from 'node:timers/promises';
import { deltasTopicName } from '../../../compile/kafka/topics.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { loaderGroup } from '../group-names.ts';
import { dropTables } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { withLeaving, without } from './rollup-version.ts';

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
