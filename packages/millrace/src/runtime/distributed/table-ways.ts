import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import { dedupJobName } from '../../compile/flink/dedup-job.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Step } from '../../query/completeness.ts';
import { loaderGroup } from './loader-group-name.ts';

/** By table, who brings it what is in the raw log, in order. */
export function tableWays(plan: Plan): ReadonlyMap<string, readonly Step[]> {
  const { raw, clean } = topicNames(plan);
  const steps = [
    { group: dedupJobName(plan), log: raw },
    { group: loaderGroup(plan), log: clean },
  ];
  // Rollups are filled by views, in the insert that brings the events.
  return new Map([eventsTable, ...plan.rollups.map(({ table }) => table)].map((t) => [t, steps]));
}
