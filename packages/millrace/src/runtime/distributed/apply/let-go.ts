import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from '../../../plan/plan.ts';
import { loaderGroup } from '../group-names.ts';
import type { Performing } from './perform.ts';

/** How long (ms) whoever answers may take to learn that a version is to be read no more. */
const readersMs = 10_000;
const lookMs = 500;

/**
 * Resolves once loaders and readers have let go of versions that are to be dropped, as was kept
 * before: what comes in their topics cannot be stored any more once their tables are gone.
 */
export async function untilLetGo(
  topics: readonly string[],
  plan: Plan,
  { admin, claim, tell }: Performing,
): Promise<void> {
  const leftMs = performance.now();
  for (let told = false; ; told = true) {
    const { topics: taken } = await admin.group(loaderGroup(plan));
    if (taken !== null && !taken.some((topic) => topics.includes(topic))) break;
    if (!told) tell('waiting until loaders let go of them');
    claim.sure();
    await sleep(lookMs);
  }
  await sleep(readersMs - (performance.now() - leftMs));
}
