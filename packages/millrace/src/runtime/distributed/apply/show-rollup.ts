import { TopicOffsets } from '../../../adapters/kafka/topic-offsets.ts';
import { showVersion } from '../../../compile/clickhouse/rollup-versions.ts';
import { filledByDeltas } from '../../../plan/deltas.ts';
import type { Plan, RollupPlan } from '../../../plan/plan.ts';
import { byClock, CompletenessWatch } from '../completeness-watch.ts';
import { loaderGroup } from '../group-names.ts';
import { deltasWay } from '../table-ways.ts';
import { define } from './define.ts';
import { optionsOf } from './make-rollup.ts';
import type { Performing } from './perform.ts';
import { withShown } from './rollup-version.ts';
import { waitAndTell } from './wait-and-tell.ts';

/** Shows readers a version that is filled, once it has what came while it was. */
export async function showRollup(rollup: RollupPlan, plan: Plan, work: Performing): Promise<void> {
  const { claim, tell, reach } = work;
  // What a view fills has what the events have.
  if (filledByDeltas(rollup)) await untilCaughtUp(rollup, plan, work);
  reach('rollup-filled');
  await define([showVersion(rollup, 'table', optionsOf(work))], work);
  reach('rollup-shown');
  await claim.keep({
    ...claim.applied,
    rollups: withShown(claim.applied.rollups, rollup.table),
  });
  tell(`${rollup.name} answers from ${rollup.table} from now on`);
}

async function untilCaughtUp(rollup: RollupPlan, plan: Plan, work: Performing): Promise<void> {
  const { admin, claim, clock, kafka, tell } = work;
  const { table } = rollup;
  const watch = new CompletenessWatch({
    offsets: new TopicOffsets(kafka),
    ways: () => new Map([[table, deltasWay(rollup, plan)]]),
    moment: byClock(clock),
    onProblem: (what, error) => tell(`${what}: ${String(error)}`),
  });
  const sinceMs = clock.now();
  const wait = waitAndTell(async () => {
    const asOfMs = watch.asOfMs(table);
    const upTo = asOfMs === null ? 'when is not known' : new Date(asOfMs).toISOString();
    const { members } = await admin.group(loaderGroup(plan));
    return `${table} waits for what came meanwhile: it has everything up to ${upTo}, and ${members} loader(s) run`;
  }, work);
  try {
    for (;;) {
      claim.sure();
      const asOfMs = watch.asOfMs(table);
      if (asOfMs !== null && asOfMs >= sinceMs) return;
      await wait();
    }
  } finally {
    await watch.stop();
  }
}
