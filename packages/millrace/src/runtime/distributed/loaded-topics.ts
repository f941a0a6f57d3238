import { deltasTopicName, resultsTopicName, topicNames } from '../../compile/kafka/topics.ts';
import type { Plan, RollupPlan } from '../../plan/plan.ts';
import { distributedTables } from './distributed-tables.ts';

/** What loaders bring into the store, where these are the versions of rollups that they load. */
export function loadedTopics(plan: Plan, rollups: readonly RollupPlan[]): readonly string[] {
  const { clean, deadLetters } = topicNames(plan);
  const { deltas, results } = distributedTables({ ...plan, rollups });
  return [
    ...[clean, deadLetters],
    ...deltas.map(({ rollup }) => deltasTopicName(rollup, plan)),
    ...results.map(({ window }) => resultsTopicName(window, plan)),
  ];
}
