import { TopicOffsets } from '../../../adapters/kafka/topic-offsets.ts';
import { deadLettersTable } from '../../../compile/clickhouse/dead-letters-table.ts';
import { eventsTable } from '../../../compile/clickhouse/events-table.ts';
import { dedupJobName } from '../../../compile/flink/dedup-job.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { filledByDeltas } from '../../../plan/deltas.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { Step } from '../../../query/completeness.ts';
import { loadedRollups, type RollupVersions } from '../apply/rollup-version.ts';
import { waitAndTell } from '../apply/wait-and-tell.ts';
import { byClock, CompletenessWatch } from '../completeness-watch.ts';
import { loaderGroup } from '../group-names.ts';
import { deltasWay } from '../table-ways.ts';
import type { Forgetting } from './carry-out.ts';

/**
 * Resolves once the store has what was accepted before a time (epoch ms): the events,
 * or all that is made of them but for windows.
 */
export async function untilStored(
  what: 'events' | 'everything',
  beforeMs: number,
  work: Omit<Forgetting, 'archive'>,
): Promise<void> {
  const { plan, kafka, clock, claim, tell } = work;
  const all = waysOf(plan, claim.applied.rollups);
  const ways = what === 'everything' ? all : new Map([...all].slice(0, 1));
  const watch = new CompletenessWatch({
    offsets: new TopicOffsets(kafka),
    ways: () => ways,
    moment: byClock(clock),
    onProblem: (problem, error) => tell(`${problem}: ${String(error)}`),
  });
  const lacking = (): readonly string[] =>
    [...ways.keys()].filter((table) => (watch.asOfMs(table) ?? 0) < beforeMs);
  const wait = waitAndTell(
    () => `waiting until what was accepted before is in ${lacking().join(', ')}`,
    work,
  );
  try {
    while (lacking().length > 0) await wait();
  } finally {
    await watch.stop();
  }
}

/** By table, who brings it what was accepted; the events first. */
function waysOf(plan: Plan, versions: RollupVersions): ReadonlyMap<string, readonly Step[]> {
  const { raw, clean, deadLetters } = topicNames(plan);
  const group = loaderGroup(plan);
  return new Map<string, readonly Step[]>([
    [
      eventsTable,
      [
        { group: dedupJobName(plan), log: raw },
        { group, log: clean },
      ],
    ],
    [deadLettersTable, [{ group, log: deadLetters }]],
    ...loadedRollups(versions)
      .filter(filledByDeltas)
      .map((rollup) => [rollup.table, deltasWay(rollup, plan)] as const),
  ]);
}
