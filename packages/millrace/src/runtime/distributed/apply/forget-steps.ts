import { personFields } from '../../../compile/clickhouse/forget.ts';
import { resultsTopicName, topicNames } from '../../../compile/kafka/topics.ts';
import { isAnyForgotten } from '../forget/cluster-forgotten.ts';
import type { Applied } from './applied.ts';
import type { Actual, Desired } from './cluster.ts';
import type { Refusal, Step } from './step.ts';

const makesVersions: readonly Step['kind'][] = ['make rollup', 'fill rollup', 'fill window'];

/** Why some of the steps are not to be taken: they would bring back what was forgotten, or miss an order. */
export const forgetRefusals = (
  steps: readonly Step[],
  { plan, windowCuts }: Desired,
  actual: Actual,
  { forgotten, windows }: Applied,
): readonly Refusal[] => {
  const { underWay } = forgotten;
  const isSlipping =
    underWay !== null &&
    !underWay.removed &&
    steps.some(({ kind }) => makesVersions.includes(kind));
  const starts = actual.topics.get(topicNames(plan).clean)?.ranges.map(({ start }) => start);
  const started = steps.flatMap((step) => (step.kind === 'start job' ? [step.job.name] : []));
  const begun = plan.windows.filter((window) => started.includes(resultsTopicName(window, plan)));
  const named = isAnyForgotten(forgotten, starts)
    ? begun.filter((window) =>
        window.by.some(
          ({ field }) => field.source === 'envelope' && personFields.includes(field.name),
        ),
      )
    : [];
  // What is made anew must not have them in any way.
  const replayed = begun.filter(
    ({ table }) =>
      windows[table]?.from !== undefined &&
      isAnyForgotten(forgotten, windowCuts.get(table)?.begins ?? starts),
  );
  return [
    ...(isSlipping
      ? [
          {
            kind: 'refuse',
            code: 'forget_conflict',
            what: `The order ${underWay.id} to forget a person is under way: what is made now would have their events`,
            mend: 'Run `millrace forget` with the same settings and no id: it goes on with the order. Then apply again.',
          } as const,
        ]
      : []),
    ...replayed.map(
      ({ name }): Refusal => ({
        kind: 'refuse',
        code: 'forget_conflict',
        what: `windows.${name}: the job of its new version would read events of people who were forgotten`,
        mend: 'Replay it --from archive or --from events, once the windows in which they had events are long over; `millrace replay drop` gives this replay up.',
      }),
    ),
    ...(replayed.length > 0 ? [] : named).map(
      ({ name }): Refusal => ({
        kind: 'refuse',
        code: 'forget_conflict',
        what: `windows.${name}: its job would read the log from the beginning, which has events of people who were forgotten, and write results under their ids`,
        mend: 'Wait until Kafka has dropped what was in the log when they were forgotten, or give the window another key.',
      }),
    ),
  ];
};
