import { deltasFill } from '../../compile/clickhouse/deltas-table.ts';
import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import type { TableName } from '../../compile/clickhouse/nodes.ts';
import { rollupFill } from '../../compile/clickhouse/rollup-table.ts';
import { dedupJobName } from '../../compile/flink/dedup-job.ts';
import { deltaMs } from '../../compile/flink/rollup-job.ts';
import { deltasTopicName, resultsTopicName, topicNames } from '../../compile/kafka/topics.ts';
import type { Plan, RollupPlan } from '../../plan/plan.ts';
import type { Step } from '../../query/completeness.ts';
import { database } from '../database.ts';
import { loaderGroup } from './group-names.ts';

/**
 * By table, who brings it what is in the raw log, in order. Rollups that nothing
 * fills are not among them.
 *
 * @param there the names of the store's tables and views.
 */
export function tableWays(
  plan: Plan,
  there: ReadonlySet<string>,
): ReadonlyMap<string, readonly Step[]> {
  const { raw, clean } = topicNames(plan);
  const loader = loaderGroup(plan);
  const dedup = { group: dedupJobName(plan), log: raw };
  const withEvents = [dedup, { group: loader, log: clean }];
  const has = ({ table }: TableName): boolean => there.has(table);
  const ways = new Map<string, readonly Step[]>([[eventsTable, withEvents]]);
  for (const rollup of plan.rollups) {
    const { table } = rollup;
    // A view fills it in the insert that brings the events.
    if (has(rollupFill(rollup, database))) ways.set(table, withEvents);
    else if (has(deltasFill(rollup, database))) ways.set(table, deltasWay(rollup, plan));
  }
  return ways;
}

/** Who brings a rollup's table what is in the raw log, in order, where that is by deltas. */
export function deltasWay(rollup: RollupPlan, plan: Plan): readonly Step[] {
  const { raw, clean } = topicNames(plan);
  const deltas = deltasTopicName(rollup, plan);
  return [
    { group: dedupJobName(plan), log: raw },
    { group: deltas, log: clean, holdsMs: deltaMs + timersLateMsMax },
    { group: loaderGroup(plan), log: deltas },
  ];
}

/**
 * By a window's table, who brings it what heartbeats in the clean log close, in
 * order. Watermarks go through the window's job a moment after their heartbeats.
 */
export function windowWays(plan: Plan): ReadonlyMap<string, readonly Step[]> {
  const { clean } = topicNames(plan);
  return new Map(
    plan.windows.map((window) => {
      const results = resultsTopicName(window, plan);
      return [
        window.table,
        [
          { group: results, log: clean, holdsMs: timersLateMsMax },
          { group: loaderGroup(plan), log: results },
        ],
      ];
    }),
  );
}

/** How much later than it should a job may write what it has added up, while it runs. */
const timersLateMsMax = 1_000;
