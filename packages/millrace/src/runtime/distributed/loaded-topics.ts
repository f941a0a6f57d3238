import { deltasTopicName, resultsTopicName, topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import { distributedTables } from './distributed-tables.ts';

/** What loaders bring into the store, where these are the versions that they load. */
export function loadedTopics(
  plan: Plan,
  versions: Pick<Plan, 'rollups' | 'windows'>,
): readonly string[] {
  const { clean, deadLetters } = topicNames(plan);
  const { deltas, results } = distributedTables({ ...plan, ...versions });
  return [
    ...[clean, deadLetters],
    ...deltas.map(({ rollup }) => deltasTopicName(rollup, plan)),
    ...results.map(({ window }) => resultsTopicName(window, plan)),
  ];
}
