import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { TopicAdmin } from '../../adapters/kafka/topic-admin.ts';
import { TopicOffsets } from '../../adapters/kafka/topic-offsets.ts';
import { createCollector } from '../../collect/collector.ts';
import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import { type TopicNames, topicNames } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import { localTarget } from '../../import/local-target.ts';
import type { ImportTarget } from '../../import/target.ts';
import { pause } from '../../pause.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReachCrashPoint } from '../../ports/crash-points.ts';
import { byClock, CompletenessWatch } from './completeness-watch.ts';
import { importLog } from './import-log.ts';
import { tableWays } from './table-ways.ts';

export interface ClusterImportOptions {
  readonly plan: Plan;
  /** Digest of the mapping file. */
  readonly mapping: string;
  readonly kafka: KafkaAddress;
  readonly clock: Clock;
  readonly reach: ReachCrashPoint;
  readonly onProblem: (what: string, error: unknown) => void;
}

export interface ClusterImport {
  readonly target: ImportTarget;
  close(): Promise<void>;
}

const lookAgainMs = 500;

/**
 * Imports into a cluster, as one more writer of its raw log. What waits for the
 * store there waits in Kafka, so rows need not.
 *
 * @throws MillraceError `log_unavailable`, `topics_missing`.
 */
export async function openClusterImport(options: ClusterImportOptions): Promise<ClusterImport> {
  const { plan, mapping, kafka, clock, reach, onProblem } = options;
  const topics = topicNames(plan);
  await requireTopics(topics, kafka);
  const { events, deadLetters, begin, close } = importLog({ kafka, topics, clock, reach });
  const ways = tableWays(plan, new Set());
  const watch = new CompletenessWatch({
    offsets: new TopicOffsets(kafka),
    ways: () => ways,
    moment: byClock(clock),
    onProblem,
  });
  const closing = new AbortController();
  let committed = 0;
  const local = localTarget({
    collector: createCollector({ plan, log: events, deadLetters, clock }),
    log: events,
    loader: {
      get committed() {
        return committed;
      },
      async settled(offset) {
        const sinceMs = clock.now();
        const { signal } = closing;
        while ((watch.asOfMs(eventsTable) ?? 0) < sinceMs && !signal.aborted)
          await pause(lookAgainMs, signal);
        committed = Math.max(committed, offset);
      },
    },
    backlogRowsMax: Number.POSITIVE_INFINITY,
  });
  return {
    target: {
      ...local,
      async imports(file) {
        await begin({ file, mapping });
        return local.imports(file);
      },
    },
    async close() {
      closing.abort();
      await Promise.all([watch.stop(), close()]);
    },
  };
}

async function requireTopics(
  { raw, deadLetters, imports }: TopicNames,
  kafka: KafkaAddress,
): Promise<void> {
  const admin = new TopicAdmin(kafka);
  try {
    const needed = [raw, deadLetters, imports];
    const there = await admin.look(needed);
    const missing = needed.filter((name) => !there.has(name));
    if (missing.length === 0) return;
    throw new MillraceError('topics_missing', `Kafka has no topic ${missing.join(', ')}.`);
  } finally {
    await admin.close();
  }
}
