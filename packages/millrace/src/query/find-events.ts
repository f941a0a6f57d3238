import type { Limiter } from '../limiter.ts';
import type { Plan, RollupPlan } from '../plan/plan.ts';
import { keptSinceMs } from '../plan/serving.ts';
import { countedColumns, type EventPlace, type SoughtEvents } from '../plan/sought-events.ts';
import type { Clock } from '../ports/clock.ts';
import { resultRows } from '../ports/result-rows.ts';
import { exactJson, type Store } from '../ports/store.ts';
import { costRefusal } from './cost-refusal.ts';
import { eventPlaceText } from './event-place.ts';
import { isoOrNull } from './iso-or-null.ts';
import { presentValues, type StoredObject } from './present-values.ts';
import { mayAsk, type Reader, requireTable } from './reader.ts';

/** What `GET /v1/events` answers. */
export interface FoundEvents {
  /** Everything that was in the log before this moment is stored; null while that is not known. */
  readonly as_of: string | null;
  /** From when on nothing was dropped by age; null if nothing ever is. */
  readonly kept_since: string | null;
  /** The newest by their timestamps first. */
  readonly events: readonly EventRecord[];
  /** Ask again with it as `before` for those that follow; null if there are none. */
  readonly next: string | null;
}

/** An event as it is stored. Times are ISO 8601 in UTC. */
export interface EventRecord {
  readonly event_id: string;
  readonly type: string;
  readonly timestamp: string;
  /** When a collector took it. */
  readonly received_at: string;
  /** When it went into the log. */
  readonly appended_at: string;
  /** Whether it came later than the pipeline allows, so that no window has it. */
  readonly late: boolean;
  readonly user_id: string | null;
  readonly anonymous_id: string | null;
  readonly session_id: string | null;
  readonly properties: StoredObject;
  readonly context: StoredObject;
  /** Its place in the log. */
  readonly partition: number;
  readonly offset: number;
  /** The rollups that count it, and in which row. */
  readonly rollups: readonly CountedIn[];
}

export interface CountedIn {
  readonly rollup: string;
  readonly version: number;
  /** The start of the bucket. */
  readonly bucket: string;
  readonly dimensions: StoredObject;
  /** Until when that row is kept; null for ever. */
  readonly kept_until: string | null;
}

export interface FindEventsOptions {
  readonly plan: Plan;
  /** Those that readers see now. */
  readonly rollups: () => readonly RollupPlan[];
  readonly store: Store;
  readonly clock: Clock;
  /** Up to when (epoch ms) everything is stored; null if that is not known. */
  readonly asOfMs: () => number | null;
  /** The statement that finds them, for the store's dialect. */
  readonly statement: (sought: SoughtEvents, rollups: readonly RollupPlan[]) => string;
  /** What one question may cost, as settings of the engine. */
  readonly settings: { readonly [name: string]: string | number };
  /** What would read more rows is refused before it reads any. */
  readonly rowsReadMax: number;
  /** Where searches wait for the store. */
  readonly line: Limiter;
}

/** @throws MillraceError `question_too_costly`, `read_key_limited`, `overloaded`, `shutting_down`. */
export type FindEvents = (
  sought: SoughtEvents,
  reader: Reader,
  signal?: AbortSignal,
) => Promise<FoundEvents>;

export const createFinding =
  (options: FindEventsOptions): FindEvents =>
  async (sought, reader, signal) => {
    requireTable(reader, 'events');
    return options.line(() => find(sought, reader, options, signal), signal);
  };

async function find(
  sought: SoughtEvents,
  reader: Reader,
  options: FindEventsOptions,
  signal: AbortSignal | undefined,
): Promise<FoundEvents> {
  const { plan, clock } = options;
  const rollups = options.rollups().filter(({ name }) => mayAsk(reader, name));
  // Before anything is read: what comes meanwhile may be in the answer.
  const asOfMs = options.asOfMs();
  const rows = await read(options.statement(sought, rollups), options, signal);
  const within = rows.slice(0, sought.rowsMax);
  const last = within.length < rows.length ? within.at(-1) : undefined;
  return {
    as_of: isoOrNull(asOfMs),
    kept_since: isoOrNull(keptSinceMs(plan.keepMs, clock.now())),
    events: within.map((row) => recordOf(row, rollups)),
    next: last === undefined ? null : eventPlaceText(placeOf(last)),
  };
}

/** As the store writes it: offsets have 64 bits, so they are strings. */
interface StoredRow extends StoredObject, Omit<EventRecord, 'offset' | 'rollups'> {
  readonly offset: string;
}

async function read(
  sql: string,
  { store, settings, rowsReadMax }: FindEventsOptions,
  signal: AbortSignal | undefined,
): Promise<readonly StoredRow[]> {
  try {
    const result = await store.read(sql, {
      settings: { ...settings, ...exactJson, max_rows_to_read: rowsReadMax },
      ...(signal ? { signal } : {}),
    });
    return resultRows<StoredRow>(result);
  } catch (error) {
    throw costRefusal(error);
  }
}

const placeOf = ({ timestamp, partition, offset }: StoredRow): EventPlace => ({
  timestampMs: Date.parse(timestamp),
  partition,
  offset: Number(offset),
});

function recordOf(row: StoredRow, rollups: readonly RollupPlan[]): EventRecord {
  return {
    event_id: row.event_id,
    type: row.type,
    timestamp: row.timestamp,
    received_at: row.received_at,
    appended_at: row.appended_at,
    late: row.late,
    user_id: row.user_id,
    anonymous_id: row.anonymous_id,
    session_id: row.session_id,
    properties: presentValues(row.properties),
    context: presentValues(row.context),
    partition: row.partition,
    offset: Number(row.offset),
    rollups: rollups.flatMap((rollup, i) => countedIn(row, rollup, i)),
  };
}

function countedIn(row: StoredRow, rollup: RollupPlan, place: number): readonly CountedIn[] {
  const names = countedColumns(rollup, place);
  // The engine has two ways to say true.
  if (row[names.counted] !== 1 && row[names.counted] !== true) return [];
  const { name, version, keepMs } = rollup;
  const bucket = String(row[names.bucket]);
  return [
    {
      rollup: name,
      version,
      bucket,
      dimensions: Object.fromEntries(
        rollup.by.map((dimension, i) => [dimension.name, row[names.by[i] ?? ''] ?? null]),
      ),
      kept_until: keepMs === null ? null : new Date(Date.parse(bucket) + keepMs).toISOString(),
    },
  ];
}
