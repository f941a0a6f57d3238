import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Rate } from '../../observe/rate.ts';
import type { Status } from '../../observe/status.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import { version } from '../version.ts';
import type { CompletenessWatch } from './completeness-watch.ts';
import type { ServedRollups } from './served-rollups.ts';

export interface QueryStatusOptions {
  readonly plan: Plan;
  readonly rollups: ServedRollups;
  readonly store: Store;
  readonly watch: CompletenessWatch;
  readonly clock: Clock;
  readonly startedAt: Date;
  readonly rate: Rate;
}

/** How the cluster is doing, as far as the store and the offsets of Kafka tell. */
export async function queryStatus(options: QueryStatusOptions): Promise<Status> {
  const { plan, rollups, store, watch, clock, startedAt, rate } = options;
  const { bytes } = await store.read(
    `SELECT (SELECT count() FROM events) AS stored,
            (SELECT count() FROM events WHERE late) AS late,
            (SELECT count() FROM dead_letters) AS dead_letters,
            (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS store_bytes`,
    { settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  const counts: Pick<Status, 'stored' | 'late' | 'dead_letters'> & { store_bytes: number } =
    JSON.parse(Buffer.from(bytes).toString());
  const { store_bytes, ...counted } = counts;
  const asOfMs = watch.asOfMs(eventsTable);
  return {
    pipeline: plan.pipeline,
    version,
    runtime: 'distributed',
    started_at: startedAt.toISOString(),
    accepted: watch.recordsIn(topicNames(plan).raw),
    ...counted,
    duplicates: null,
    events_per_second: rate.perSecond,
    lag_ms: asOfMs === null ? null : Math.max(0, clock.now() - asOfMs),
    as_of: asOfMs === null ? null : new Date(asOfMs).toISOString(),
    problem: null,
    rollups: rollups.statuses,
    windows: null,
    alerts: null,
    archive: null,
    sizes: {
      log_bytes: null,
      store_bytes,
      dedup_ids: null,
      dedup_memory_bytes: null,
      dedup_spilled_ids: null,
    },
  };
}
