import type { Rate } from '../observe/rate.ts';
import type {
  AlertStatus,
  ArchiveStatus,
  RollupStatus,
  Status,
  WindowStatus,
} from '../observe/status.ts';
import { windowStepMs } from '../plan/window-step.ts';
import { problemText } from '../problem-text.ts';
import type { AlertCaller } from '../windows/alert-caller.ts';
import { readyWindow } from './apply-windows.ts';
import type { Embedded } from './embedded.ts';

/** To count more would take long, and tell no more. */
const pendingCallsMax = 10_000;

export interface StatusOptions {
  readonly version: string;
  readonly startedAt: Date;
  readonly rate: Rate;
  readonly alerts: readonly AlertCaller[];
}

/** How the pipeline is doing, from the parts that know. */
export async function embeddedStatus(embedded: Embedded, options: StatusOptions): Promise<Status> {
  const { events, deadLetters, eventLoader, duplicates, dedup, store, clock } = embedded;
  const { bytes } = await store.read(
    `SELECT (SELECT count() FROM events WHERE late) AS late,
            (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS store_bytes`,
    { format: 'JSONCompactEachRow', settings: { output_format_json_quote_64bit_integers: 0 } },
  );
  const [late = 0, storeBytes = 0] = numbers(Buffer.from(bytes).toString());
  const lagMs = eventLoader.lagMs;
  return {
    pipeline: embedded.plan.pipeline,
    version: options.version,
    runtime: 'embedded',
    started_at: options.startedAt.toISOString(),
    accepted: events.end + duplicates.value,
    stored: eventLoader.committed,
    duplicates: duplicates.value,
    late,
    dead_letters: deadLetters.end,
    events_per_second: options.rate.perSecond,
    lag_ms: lagMs,
    as_of: new Date(clock.now() - lagMs).toISOString(),
    problem: problemOf(eventLoader.failing),
    rollups: rollupStatuses(embedded),
    windows: windowStatuses(embedded),
    alerts: await Promise.all(options.alerts.map(alertStatus)),
    archive: archiveStatus(embedded),
    sizes: {
      log_bytes: events.sizeBytes + deadLetters.sizeBytes,
      store_bytes: storeBytes,
      dedup_ids: dedup.ids,
      dedup_memory_bytes: dedup.memoryBytes,
      dedup_spilled_ids: dedup.spilledIds,
    },
  };
}

const archiveStatus = ({ archiver, compactor, events }: Embedded): ArchiveStatus | null =>
  archiver && {
    waiting: archiver.archived === null ? null : events.end - archiver.archived,
    problem: problemOf(archiver.failing),
    compacted: compactor?.replaced ?? 0,
    compaction_problem: problemOf(compactor?.failing ?? null),
  };

const rollupStatuses = ({ plan, rollups }: Embedded): readonly RollupStatus[] =>
  plan.rollups.map(({ name, version, table }) => {
    const place = rollups.at(table);
    const ready = rollups.ready(name);
    const since = ready?.completeSinceMs ?? null;
    return {
      name,
      // A replay gives the same definition a newer version.
      version: place?.stage === 'filling' ? version : (ready?.rollup.version ?? version),
      state: place?.stage === 'filling' ? 'filling' : 'ready',
      served_by: ready ? `${name} v${ready.rollup.version}` : 'events',
      events_to_fill: place?.events ?? 0,
      events_filled: place?.eventsDone ?? 0,
      complete_since: since === null ? null : new Date(since).toISOString(),
    };
  });

const windowStatuses = ({
  plan,
  windows,
  windowTables,
  clock,
}: Embedded): readonly WindowStatus[] =>
  plan.windows.map((planned) => {
    const { name, version, table, span } = readyWindow(windowTables, planned).window;
    const untilMs = windows.emittedMs(table);
    const nextEndMs = untilMs + windowStepMs(span);
    return {
      name,
      version,
      results_until: new Date(untilMs).toISOString(),
      next_end: new Date(nextEndMs).toISOString(),
      lag_ms: Math.max(0, clock.now() - plan.allowedLatenessMs - nextEndMs),
    };
  });

async function alertStatus(caller: AlertCaller): Promise<AlertStatus> {
  const { alert, window, lastFailure } = caller;
  return {
    name: alert,
    window,
    pending_calls: await caller.pending(pendingCallsMax),
    last_failure: lastFailure && {
      at: new Date(lastFailure.atMs).toISOString(),
      message: lastFailure.message,
    },
  };
}

function numbers(line: string): readonly number[] {
  const values: unknown = JSON.parse(line);
  return Array.isArray(values) ? values.map(Number) : [];
}

const problemOf = (failure: unknown): string | null =>
  failure === null ? null : problemText(failure);
