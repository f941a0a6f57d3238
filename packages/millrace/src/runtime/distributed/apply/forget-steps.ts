import { personFields } from '../../../compile/clickhouse/forget.ts';
import { resultsTopicName, topicNames } from '../../../compile/kafka/topics.ts';
import { isAnyForgotten } from '../forget/cluster-forgotten.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import type { Refusal, Step } from './step.ts';

/** Why some of the steps are not to be taken: they would bring back what was forgotten, or miss an order. */
export const forgetRefusals = (
  steps: readonly Step[],
  { plan }: Desired,
  actual: Actual,
  { forgotten }: Applied,
): readonly Refusal[] => {
  const { underWay } = forgotten;
  const isSlipping =
    underWay !== null &&
    !underWay.removed &&
    steps.some(({ kind }) => kind === 'make rollup' || kind === 'fill rollup');
  const starts = actual.topics.get(topicNames(plan).clean)?.ranges.map(({ start }) => start);
  const started = steps.flatMap((step) => (step.kind === 'start job' ? [step.job.name] : []));
  const named = isAnyForgotten(forgotten, starts)
    ? plan.windows.filter(
        (window) =>
          started.includes(resultsTopicName(window, plan)) &&
          window.by.some(
            ({ field }) => field.source === 'envelope' && personFields.includes(field.name),
          ),
      )
    : [];
  return [
    ...(isSlipping
      ? [
          {
            kind: 'refuse',
            code: 'forget_conflict',
            what: `The order ${underWay.id} to forget a person is under way: a rollup that is made now would have their events`,
            mend: 'Run `millrace forget` with the same settings and no id: it goes on with the order. Then apply again.',
          } as const,
        ]
      : []),
    ...named.map(
      ({ name }): Refusal => ({
        kind: 'refuse',
        code: 'forget_conflict',
        what: `windows.${name}: its job would read the log from the beginning, which has events of people who were forgotten, and write results under their ids`,
        mend: 'Wait until Kafka has dropped what was in the log when they were forgotten, or give the window another key.',
      }),
    ),
  ];
};
