import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { topicHeartbeats } from '../../adapters/kafka/topic-heartbeats.ts';
import { TopicOffsets } from '../../adapters/kafka/topic-offsets.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { rawUntilMsIn } from '../../plan/heartbeat.ts';
import type { Plan, WindowPlan } from '../../plan/plan.ts';
import type { Heartbeats } from '../../ports/heartbeats.ts';
import type { WindowResultsOptions } from '../../windows/window-results.ts';
import { CompletenessWatch } from './completeness-watch.ts';
import { windowWays } from './table-ways.ts';
import { windowsOut } from './windows-out.ts';

export interface WatchedWindows {
  /** Knows which results are out. */
  readonly runner: WindowResultsOptions['runner'];
  /** Up to which heartbeat (epoch ms) results are in a version's table; null while that is not known. */
  throughMs(table: string): number | null;
  stop(): Promise<void>;
}

export interface WatchedWindowsOptions {
  readonly plan: Plan;
  readonly kafka: KafkaAddress;
  /** The versions to watch, which may become others. */
  readonly windows: () => readonly WindowPlan[];
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Watches up to which ends the results of a cluster's windows are in their tables, by the heartbeats of the clean log. */
export function watchWindows({
  plan,
  kafka,
  windows,
  onProblem,
}: WatchedWindowsOptions): WatchedWindows {
  const heartbeats = topicHeartbeats(kafka);
  const watch = new CompletenessWatch({
    offsets: new TopicOffsets(kafka),
    ways: () => windowWays({ ...plan, windows: windows() }),
    moment: async () =>
      windows().length === 0 ? null : oldestNewest(heartbeats, topicNames(plan).clean),
    onProblem,
  });
  return {
    runner: windowsOut(() => ({ ...plan, windows: windows() }), watch),
    throughMs: (table) => watch.asOfMs(table),
    async stop() {
      await watch.stop();
      await heartbeats.close();
    },
  };
}

/** What the newest heartbeats of all partitions say at least; null until each has one. */
async function oldestNewest(heartbeats: Heartbeats, log: string): Promise<number | null> {
  const newest = await heartbeats.newest(log);
  const lines = newest.filter((line) => line !== null);
  return lines.length < newest.length ? null : Math.min(...lines.map(rawUntilMsIn));
}
