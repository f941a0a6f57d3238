import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { ConsumerGroup, type Share } from '../../adapters/kafka/consumer-group.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createCollector } from '../../collect/collector.ts';
import { planOf } from '../../plan/plan-of.ts';
import { aliveRoutes } from '../../server/alive-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { listen } from '../../server/server.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openCollectorLogs } from './collector-logs.ts';
import { GatePartition } from './gate-partition.ts';
import { gateGroup } from './group-names.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runRole } from './run-role.ts';

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
  let gates: readonly GatePartition[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(gates.map((gate) => gate.stop()));
    gates = [];
  };
  const takeOver = async ({ membership, partitions }: Share): Promise<void> => {
    await stopAll();
    gates = partitions.map(
      ({ partition }) =>
        new GatePartition({ kafka, membership, topic, partition, collector, reach, onProblem }),
    );
  };
  const group = await ConsumerGroup.join({
    ...{ ...kafka, groupId: gateGroup(plan), topics: [topic], onShare: takeOver, onProblem },
  });
  const notReady = (): string | null =>
    gates.some(({ failing }) => failing !== null) ? `records of ${topic} do not get in` : null;
  const close = async (): Promise<void> => {
    await stopAll();
    await group.leave();
    await logs.close();
  };
  return runRole(
    listen(settings, async (app) => {
      app.setErrorHandler(answerError);
      refuseUnknownRoutes(app);
      await app.register(aliveRoutes, { notReady });
    }),
    close,
  );
}
