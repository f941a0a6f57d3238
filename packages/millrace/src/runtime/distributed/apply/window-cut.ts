import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicState } from '../../../adapters/kafka/topic-admin.ts';
import { heartbeatGroup } from '../../../adapters/kafka/topic-heartbeats.ts';
import { resultsBehindMs } from '../../../compile/flink/window-job.ts';
import { topicNames } from '../../../compile/kafka/topics.ts';
import { MillraceError } from '../../../errors.ts';
import { rawUntilMsIn } from '../../../plan/heartbeat.ts';
import { longestWindowMs } from '../../../plan/longest-window.ts';
import type { Plan, WindowPlan } from '../../../plan/plan.ts';
import { windowStepMs } from '../../../plan/window-step.ts';
import type { Applied } from './applied.ts';
import { type Cluster, loadersNow } from './look.ts';
import type { WindowCut } from './window-version.ts';

/** How long loaders may take to store what lies before a heartbeat of now. */
const storedMsMax = 60_000;
const lookMs = 500;
/** How far a collector's clock may be from that of who stamped its event. */
const clocksMs = 60_000;

/**
 * By the tables of windows that are to be made anew of what is archived or stored, where that
 * ends and their jobs begin.
 *
 * @throws MillraceError `replay_conflict` while loaders do not store; `history_incomplete` if the log
 *   has forgotten events of windows that are open.
 */
export async function windowCutsNow(
  plan: Plan,
  applied: Applied,
  cluster: Cluster,
): Promise<ReadonlyMap<string, WindowCut>> {
  const asked = Object.values(applied.windows).filter(
    ({ stage, from }) => stage === 'asked' && from !== 'log',
  );
  if (asked.length === 0) return new Map();
  const { heartbeatMs, cut } = await storedHeartbeat(plan, applied, cluster);
  const name = topicNames(plan).clean;
  const clean = (await cluster.admin.look([name])).get(name);
  if (clean === undefined) throw new Error(`${name} is not there`);
  const cuts = asked.map(async ({ window }) => {
    const toMs = floor(heartbeatMs - resultsBehindMs(window, plan), windowStepMs(window.span));
    const begins = await beginsOf(window, toMs, plan, clean, cluster);
    return [window.table, { toMs, cut, begins }] as const;
  });
  return new Map(await Promise.all(cuts));
}

/** All that was in the raw log by a heartbeat lies below the cut, and is stored. */
async function storedHeartbeat(
  plan: Plan,
  applied: Applied,
  cluster: Cluster,
): Promise<{ readonly heartbeatMs: number; readonly cut: readonly number[] }> {
  const { clean } = topicNames(plan);
  const { offsets } = await cluster.admin.group(heartbeatGroup(clean));
  const newest = offsets.filter(({ topic, metadata }) => topic === clean && metadata !== '');
  const untilMs = performance.now() + storedMsMax;
  for (;;) {
    const { stored } = await loadersNow(plan, applied, cluster);
    const isStored = stored.map((below, partition) =>
      newest.some((one) => one.partition === partition && below >= one.offset),
    );
    if (!isStored.includes(false))
      return {
        heartbeatMs: Math.min(...newest.map(({ metadata }) => rawUntilMsIn(metadata))),
        cut: stored,
      };
    if (performance.now() > untilMs || newest.length < stored.length)
      throw new MillraceError(
        'replay_conflict',
        'Loaders do not store what comes, so it is not known which results of a window the stored events give: start them.',
      );
    await sleep(lookMs);
  }
}

/** Where events begin of windows that end later than a time: none of them got into the log much before it happened. */
async function beginsOf(
  { name, span }: WindowPlan,
  toMs: number,
  { futureMaxMs }: Plan,
  clean: TopicState,
  { admin }: Cluster,
): Promise<readonly number[]> {
  const sinceMs = toMs - longestWindowMs(span) - futureMaxMs - clocksMs;
  const begins = await admin.offsetsAt(clean, sinceMs);
  for (const [partition, { start }] of clean.ranges.entries())
    if (start > 0 && (begins[partition] ?? 0) <= start)
      throw new MillraceError(
        'history_incomplete',
        `Partition ${partition} of ${clean.name} begins at offset ${start}: it may have forgotten events of windows ${name} that are open, from ${new Date(sinceMs).toISOString()} on.`,
      );
  return begins;
}

const floor = (ms: number, widthMs: number): number => Math.floor(ms / widthMs) * widthMs;
