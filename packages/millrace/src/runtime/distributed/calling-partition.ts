import { Brokers, type KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { groupAlertProgress } from '../../adapters/kafka/group-alert-progress.ts';
import type { AlertPlan } from '../../plan/plan.ts';
import { type AlertCallerParts, alertCaller } from '../alerts.ts';
import { OwnedPartition, type PartitionWorker } from './owned-partition.ts';
import type { PartitionPlace } from './shared-partitions.ts';

export interface CallingPartitionOptions
  extends PartitionPlace,
    Omit<AlertCallerParts, 'progress' | 'seen' | 'definedAs'>,
    Required<Pick<AlertCallerParts, 'seen' | 'definedAs'>> {
  readonly kafka: KafkaAddress;
  readonly alert: AlertPlan;
}

/** Whoever has it calls: the results are in order over all partitions, so one process calls for all. */
const callingFor = 0;

/** Calls the webhook of an alert, if the partition of its window's results is the one that says who does. */
export function callingPartition(options: CallingPartitionOptions): OwnedPartition {
  const { kafka, alert, membership, topic, partition, ...parts } = options;
  const { seen, runner, onProblem } = parts;
  return new OwnedPartition({
    ...{ topic, partition, done: 'called for', onProblem },
    async work(run) {
      if (partition !== callingFor) return run(idle);
      // Before it is known which are out there is nowhere to begin.
      runner.emittedMs(seen().table);
      const brokers = new Brokers(kafka);
      try {
        const progress = groupAlertProgress({ brokers, membership, topic, partition });
        const caller = alertCaller(alert, { ...parts, progress });
        // That a webhook does not answer is told, and does not make this process unfit.
        await run({
          failing: null,
          start: () => caller.start(),
          stop: () => caller.stop(),
        });
      } finally {
        await brokers.close();
      }
    },
  });
}

const idle: PartitionWorker = { failing: null, start: () => {}, stop: async () => {} };
