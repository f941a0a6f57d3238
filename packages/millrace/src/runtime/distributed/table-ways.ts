import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import { rollupFill } from '../../compile/clickhouse/rollup-table.ts';
import { dedupJobName } from '../../compile/flink/dedup-job.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Step } from '../../query/completeness.ts';
import { database } from '../database.ts';
import { loaderGroup } from './loader-group-name.ts';

/**
 * By table, who brings it what is in the raw log, in order. Rollups that no view
 * fills are not among them.
 *
 * @param there the names of the store's tables and views.
 */
export function tableWays(
  plan: Plan,
  there: ReadonlySet<string>,
): ReadonlyMap<string, readonly Step[]> {
  const { raw, clean } = topicNames(plan);
  const steps = [
    { group: dedupJobName(plan), log: raw },
    { group: loaderGroup(plan), log: clean },
  ];
  // A view fills its rollup in the insert that brings the events.
  const byView = plan.rollups.filter((rollup) => there.has(rollupFill(rollup, database).table));
  return new Map([eventsTable, ...byView.map(({ table }) => table)].map((t) => [t, steps]));
}
