import type { CollectorStatus } from './collector-status.ts';
import type { Metric } from './metrics.ts';

/** Everything that `/metrics` of a collector says; `docs/reference/metrics.md` is generated from it. */
export const collectorMetrics: readonly Metric<CollectorStatus>[] = [
  {
    name: 'millrace_events_accepted_total',
    help: 'Events answered with success, repeats among them.',
    of: (s) => s.accepted,
  },
  {
    name: 'millrace_dead_letters_total',
    help: 'Events that were refused and kept.',
    of: (s) => s.refused,
  },
  {
    name: 'millrace_spilling',
    help: '1 while events go to the disk, because Kafka is away or what waited for it is not out yet.',
    of: ({ spill }) => spill && (spill.since === null ? 0 : 1),
  },
  {
    name: 'millrace_spilling_since_seconds',
    help: 'When that began, in seconds since 1970; only while it lasts.',
    of: ({ spill }) => (spill?.since ? Date.parse(spill.since) / 1000 : null),
  },
  {
    name: 'millrace_spill_events',
    help: 'Accepted events on the disk that are not in Kafka yet.',
    of: ({ spill }) => spill?.events ?? null,
  },
  {
    name: 'millrace_spill_dead_letters',
    help: 'Dead letters on the disk that are not in Kafka yet.',
    of: ({ spill }) => spill?.dead_letters ?? null,
  },
  {
    name: 'millrace_spill_bytes',
    help: 'Bytes of the disk that the spill takes.',
    of: ({ spill }) => spill?.bytes ?? null,
  },
  {
    name: 'millrace_spill_bytes_max',
    help: 'Bytes of the disk that it may take.',
    of: ({ spill }) => spill?.bytes_max ?? null,
  },
];
