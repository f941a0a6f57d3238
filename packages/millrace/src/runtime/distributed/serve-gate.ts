import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createCollector } from '../../collect/collector.ts';
import { planOf } from '../../plan/plan-of.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openCollectorLogs } from './collector-logs.ts';
import { gatePartition } from './gate-partition.ts';
import { gateGroup } from './group-names.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runWorkingRole } from './run-role.ts';
import { sharePartitions } from './shared-partitions.ts';

/**
 * Lets the events of other producers into the pipeline, which write them into a
 * topic of their own: they are checked as the collector does it. Any number of
 * these may run: the partitions are shared among them, and go to the others when
 * one dies.
 *
 * @throws MillraceError `port_in_use`, `pipeline_not_found`, `pipeline_invalid`.
 */
export async function serveGate(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  const plan = planOf(await loadPipeline(settings.pipeline));
  const topic = settings.ingestTopic === '' ? `${plan.pipeline}.ingest` : settings.ingestTopic;
  const kafka: KafkaAddress = {
    brokers: settings.kafka,
    clientId: `millrace-gate-${process.pid}`,
  };
  // What waits, waits in its own topic.
  const logs = await openCollectorLogs({ plan, kafka, clock: systemClock, spill: null, onProblem });
  const collector = createCollector({
    ...{ plan, log: logs.events, deadLetters: logs.deadLetters, clock: systemClock },
  });
  const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
  const partitions = await sharePartitions({
    ...{ ...kafka, groupId: gateGroup(plan), topics: [topic], onProblem },
    own: (place) => gatePartition({ ...place, kafka, collector, reach, onProblem }),
  });
  const notReady = (): string | null =>
    partitions.failing ? `records of ${topic} do not get in` : null;
  const close = async (): Promise<void> => {
    await partitions.leave();
    await logs.close();
  };
  return runWorkingRole(settings, notReady, close);
}
