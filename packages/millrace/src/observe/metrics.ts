import { Counter, Gauge, Registry } from 'prom-client';
import type { Status } from './status.ts';

export interface Metric<Of = Status> {
  readonly name: string;
  readonly help: string;
  /** Null where it is not known. */
  readonly of: (status: Of) => number | null;
}

/** Everything that `/metrics` says; `docs/reference/metrics.md` is generated from it. */
export const metrics: readonly Metric[] = [
  {
    name: 'millrace_events_accepted_total',
    help: 'Events answered with success, duplicates among them.',
    of: (s) => s.accepted,
  },
  {
    name: 'millrace_events_stored_total',
    help: 'Events that can be queried.',
    of: (s) => s.stored,
  },
  {
    name: 'millrace_events_duplicate_total',
    help: 'Accepted events dropped because their id was there already.',
    of: (s) => s.duplicates,
  },
  {
    name: 'millrace_events_late_total',
    help: 'Stored events that came later than the allowed lateness.',
    of: (s) => s.late,
  },
  {
    name: 'millrace_dead_letters_total',
    help: 'Events that were refused and kept.',
    of: (s) => s.dead_letters,
  },
  {
    name: 'millrace_events_per_second',
    help: 'Accepted events a second, over the last ten seconds.',
    of: (s) => s.events_per_second,
  },
  {
    name: 'millrace_lag_seconds',
    help: 'How long the oldest accepted event that cannot be queried yet has waited.',
    of: (s) => (s.lag_ms === null ? null : s.lag_ms / 1000),
  },
  {
    name: 'millrace_store_failing',
    help: '1 while events do not get into the store.',
    of: (s) => (s.problem === null ? 0 : 1),
  },
  {
    name: 'millrace_rollups_filling',
    help: 'Rollups that are being filled from stored events.',
    of: (s) => s.rollups.filter(({ state }) => state === 'filling').length,
  },
  {
    name: 'millrace_rollup_events_to_fill',
    help: 'Events that rollups which are being filled do not have yet.',
    of: (s) =>
      s.rollups
        .filter(({ state }) => state === 'filling')
        .reduce((left, rollup) => left + rollup.events_to_fill - rollup.events_filled, 0),
  },
  {
    name: 'millrace_archive_waiting',
    help: 'Events in the log that the archive does not have yet.',
    of: (s) => s.archive?.waiting ?? null,
  },
  {
    name: 'millrace_archive_failing',
    help: '1 while events do not get into the archive.',
    of: (s) => s.archive && (s.archive.problem === null ? 0 : 1),
  },
  {
    name: 'millrace_archive_compacted_total',
    help: 'Small objects of the archive that larger ones have taken the place of.',
    of: (s) => s.archive?.compacted ?? null,
  },
  {
    name: 'millrace_archive_compaction_failing',
    help: '1 while small objects of the archive are not put together.',
    of: (s) => s.archive && (s.archive.compaction_problem === null ? 0 : 1),
  },
  { name: 'millrace_log_bytes', help: 'Bytes of the log on disk.', of: (s) => s.sizes.log_bytes },
  {
    name: 'millrace_store_bytes',
    help: 'Bytes of the tables on disk.',
    of: (s) => s.sizes.store_bytes,
  },
  { name: 'millrace_dedup_ids', help: 'Event ids remembered.', of: (s) => s.sizes.dedup_ids },
  {
    name: 'millrace_dedup_memory_bytes',
    help: 'Memory held by remembered ids.',
    of: (s) => s.sizes.dedup_memory_bytes,
  },
  {
    name: 'millrace_dedup_spilled_ids',
    help: 'Remembered ids that are on disk.',
    of: (s) => s.sizes.dedup_spilled_ids,
  },
];

export interface MetricsPage {
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

/** The status as Prometheus reads it, taken afresh at each scrape; without what is not known. */
export function metricsPage<Of>(
  metrics: readonly Metric<Of>[],
  status: () => Promise<Of>,
): MetricsPage {
  return {
    contentType: new Registry().contentType,
    render: async () => {
      const now = await status();
      const registry = new Registry();
      for (const metric of metrics) {
        const value = metric.of(now);
        if (value !== null) write(metric, value, registry);
      }
      return registry.metrics();
    },
  };
}

/** Names in `_total` only grow, which Prometheus calls a counter. */
export const kindOf = (name: string): 'counter' | 'gauge' =>
  name.endsWith('_total') ? 'counter' : 'gauge';

function write({ name, help }: Omit<Metric, 'of'>, value: number, registry: Registry): void {
  const registers = [registry];
  if (kindOf(name) === 'gauge') new Gauge({ name, help, registers }).set(value);
  else new Counter({ name, help, registers }).inc(value);
}
