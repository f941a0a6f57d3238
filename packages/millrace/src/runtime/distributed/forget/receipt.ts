import type { TopicAdmin } from '../../../adapters/kafka/topic-admin.ts';
import { isKeyedBy, isKeyedByAll } from '../../../compile/clickhouse/forget.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import type { ForgetStatus } from '../../../forget/forgetter.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { ForgetReceipt, TouchedRollup } from '../../../ports/forget-progress.ts';
import type { Applied } from '../apply/applied.ts';
import { standingRollups } from '../apply/rollup-version.ts';
import { standingWindows } from '../apply/window-version.ts';
import type { ClusterOrder } from './cluster-forgotten.ts';

/** What was forgotten, and is being: the oldest first. */
export const statusesOf = (
  applied: Applied,
  retentionMs: number | null,
): readonly ForgetStatus[] => {
  const { done, underWay } = applied.forgotten;
  const receipts =
    underWay === null ? done : [...done, receiptOf(underWay, applied, retentionMs, null)];
  return receipts.map((receipt) => ({ ...receipt, problem: null }));
};

export const receiptOf = (
  order: ClusterOrder,
  applied: Applied,
  retentionMs: number | null,
  doneAtMs: number | null,
): ForgetReceipt => {
  const { id, person, orderedAtMs, found, removed } = order;
  const standing = [...standingRollups(applied.rollups), ...standingWindows(applied.windows)];
  const keyed = standing.filter((one) => isKeyedBy(one, person));
  return {
    id,
    ordered_at: timeText(orderedAtMs),
    done_at: doneAtMs === null ? null : timeText(doneAtMs),
    events: found?.events ?? null,
    dead_letters: found?.letters.reduce((sum, offsets) => sum + offsets.length, 0) ?? null,
    archived: found?.archived ?? null,
    rollups: found === null ? [] : left(order, found.rollups, applied),
    rebuilt: [],
    rows_removed_from: removed ? [...new Set(keyed.map(({ name }) => name))] : [],
    log_until: retentionMs === null ? null : timeText(orderedAtMs + retentionMs),
  };
};

/** Of the rollups that had numbers of them, those that have, in the tables that are still there. */
const left = (
  { person, removed }: ClusterOrder,
  rollups: readonly TouchedRollup[],
  applied: Applied,
): readonly TouchedRollup[] => {
  const standing = standingRollups(applied.rollups).filter(
    (rollup) => !(removed && isKeyedByAll(rollup, person)),
  );
  return rollups
    .map((touched) => ({
      ...touched,
      tables: touched.tables.filter((table) => standing.some((one) => one.table === table)),
    }))
    .filter(({ tables }) => tables.length > 0);
};

/** For how long the logs of events keep a line; null if for ever. */
export async function retentionMsOf(plan: Plan, admin: TopicAdmin): Promise<number | null> {
  const { raw, clean } = topicNames(plan);
  const kept = [...(await admin.look([raw, clean])).values()].map(({ config }) =>
    Number(config['retention.ms']),
  );
  return kept.some((ms) => ms < 0) ? null : Math.max(0, ...kept);
}

const timeText = (ms: number): string => new Date(ms).toISOString();
