import type { Collector } from '../../collect/collector.ts';
import type { CollectorStatus } from '../../observe/collector-status.ts';
import type { Plan } from '../../plan/plan.ts';
import { version } from '../version.ts';
import type { CollectorLogs, SpillState } from './collector-logs.ts';

export interface CollectorStatusOptions {
  readonly plan: Plan;
  readonly collector: Collector;
  readonly logs: CollectorLogs;
  readonly startedAt: Date;
}

export const collectorStatus = ({
  plan,
  collector,
  logs,
  startedAt,
}: CollectorStatusOptions): CollectorStatus => ({
  pipeline: plan.pipeline,
  version,
  started_at: startedAt.toISOString(),
  accepted: collector.counters.accepted,
  refused: collector.counters.refused,
  spill: logs.spill && spillStatus(logs.spill),
});

const spillStatus = (spill: SpillState): CollectorStatus['spill'] => ({
  since: spill.sinceMs === null ? null : new Date(spill.sinceMs).toISOString(),
  events: spill.eventsWaiting,
  dead_letters: spill.deadLettersWaiting,
  bytes: spill.bytes,
  bytes_max: spill.bytesMax,
});
