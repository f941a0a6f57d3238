import type { RollupPlan } from '../plan/plan.ts';
import type { RollupPlace } from '../ports/rollup-progress.ts';
import type { Store } from '../ports/store.ts';
import { ask } from './ask.ts';
import { firstWholeHour, hourText } from './hours.ts';
import {
  differencesMax,
  firstMax,
  type GroupDifference,
  type RollupDifference,
  type RollupReport,
  type VerifyProgress,
} from './report.ts';

type Place = RollupPlace<RollupPlan>;

/** Buckets that begin in hours [fromHour, toHour), made of the events below an offset. */
export interface ComparedHours {
  readonly fromHour: number;
  readonly toHour: number;
  readonly cut: number;
}

/** Epoch ms. */
export interface TimeSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** The questions, in the store's dialect. */
export interface RollupStatements {
  readonly createCopy: (rollup: RollupPlan) => readonly string[];
  /** Makes the copy what a month of the table is now, at no cost for its size. */
  readonly copyMonth: (rollup: RollupPlan, month: string) => string;
  readonly emptyCopy: (rollup: RollupPlan) => string;
  readonly eventsByHour: (rollup: RollupPlan) => string;
  readonly statesByHour: (rollup: RollupPlan) => string;
  readonly compareHours: (rollup: RollupPlan, hours: ComparedHours) => string;
  readonly firstDifferent: (rollup: RollupPlan, hours: ComparedHours, rowsMax: number) => string;
}

export interface VerifyRollupOptions {
  readonly store: Store;
  readonly statements: RollupStatements;
  /** Does the work while events and rollups have exactly what lies below an offset of the log. */
  readonly atRest: <Result>(
    work: (stored: number) => Promise<Result>,
    signal: AbortSignal,
  ) => Promise<Result>;
  /** The version of a rollup that readers see, if it has everything. */
  readonly ready: (name: string) => Place | undefined;
  /** Events that happened before this (epoch ms) may be gone. */
  readonly eventsGoneBeforeMs: () => number;
  /** Parts of event time in which a version counts events that were forgotten. */
  readonly forgottenCountedIn: (place: Place) => readonly TimeSpan[];
  readonly nowMs: () => number;
  readonly onProgress: (progress: VerifyProgress) => void;
  readonly signal: AbortSignal;
  /** Events and states compared in one statement, unless a bucket has more. Default 500,000. */
  readonly rowsAtOnce?: number;
}

/**
 * Compares a rollup with what its events make, row by row.
 *
 * Both go on changing meanwhile. So a month of its table is copied while no
 * insert is under way, and compared with the events that were there at that
 * moment: those below an offset of the log.
 *
 * Returns null once readers see another version.
 */
export async function verifyRollup(
  place: Place,
  options: VerifyRollupOptions,
): Promise<RollupReport | null> {
  const { rollup } = place;
  const { store, statements, signal, atRest, ready, onProgress } = options;
  // No events make these hours what they are.
  const isForgotten = (hour: number): boolean =>
    options
      .forgottenCountedIn(ready(rollup.name) ?? place)
      .some((span) => hour * hourMs < span.untilMs && (hour + 1) * hourMs > span.sinceMs);
  for (const statement of statements.createCopy(rollup)) await store.define(statement);
  const months = await hoursByMonth(rollup, options);
  const of = months.reduce((sum, { hours }) => sum + rowsIn(hours), 0);
  let done = 0;
  const found: HourFound[] = [];
  const differences: RollupDifference[] = [];
  for (const { month, hours } of months) {
    const cut = await atRest(async (stored) => {
      if (ready(rollup.name)?.rollup.table !== rollup.table) return null;
      await store.define(statements.copyMonth(rollup, month));
      return stored;
    }, signal);
    if (cut === null) return null;
    for (const some of atOnce(hours, options)) {
      onProgress({ what: rollup.name, done, of });
      const sql = statements.compareHours(rollup, { ...rangeOf(some), cut });
      const compared = (await ask<HourRow>(sql, options)).map(hourFound);
      found.push(...compared);
      const different = compared
        .filter((one) => isDifferent(one) && !isForgotten(one.hour))
        .sort((a, b) => a.hour - b.hour);
      for (const hour of different.slice(0, differencesMax - differences.length)) {
        differences.push(await difference(rollup, hour, cut, options));
      }
      done += rowsIn(some);
    }
    await store.define(statements.emptyCopy(rollup));
  }
  // What went by age meanwhile is no difference.
  const kept = keptFromHour(rollup, options);
  const since = found.filter(({ hour }) => hour >= kept);
  const whole = since.filter(({ hour }) => !isForgotten(hour));
  return {
    rollup: rollup.name,
    version: rollup.version,
    hours: whole.length,
    rows: whole.reduce((sum, { expected }) => sum + expected, 0),
    kept_since: hourText(kept),
    hours_with_forgotten: since.length - whole.length,
    differences: differences.filter(({ hour }) => {
      const ms = Date.parse(hour);
      return ms >= kept * hourMs && !isForgotten(ms / hourMs);
    }),
    differing: whole.filter(isDifferent).length,
  };
}

const hourMs = 3_600_000;

/** The first hour of whose buckets nothing has gone by age: not of the events, nor of the rollup. */
function keptFromHour(
  rollup: RollupPlan,
  { ready, eventsGoneBeforeMs, nowMs }: VerifyRollupOptions,
): number {
  const { keepMs } = rollup;
  return firstWholeHour(
    Math.max(
      eventsGoneBeforeMs(),
      ready(rollup.name)?.completeSinceMs ?? Number.NEGATIVE_INFINITY,
      keepMs === null ? Number.NEGATIVE_INFINITY : nowMs() - keepMs,
    ),
  );
}

interface HourSize {
  readonly hour: number;
  /** Events and states. */
  readonly rows: number;
}

interface MonthOfHours {
  /** `YYYYMM`, which names the part of the table that its buckets are in. */
  readonly month: string;
  readonly hours: readonly HourSize[];
}

/** The hours that are compared, in order. Those that come while it runs are not. */
async function hoursByMonth(
  rollup: RollupPlan,
  options: VerifyRollupOptions,
): Promise<readonly MonthOfHours[]> {
  const { eventsByHour, statesByHour } = options.statements;
  const months = new Map<string, Map<number, number>>();
  const kept = keptFromHour(rollup, options);
  for (const sql of [eventsByHour(rollup), statesByHour(rollup)]) {
    for (const row of await ask<SizeRow>(sql, options)) {
      const hour = Number(row.hour);
      if (hour < kept) continue;
      const hours = months.get(row.month) ?? new Map<number, number>();
      months.set(row.month, hours.set(hour, (hours.get(hour) ?? 0) + Number(row.rows)));
    }
  }
  return [...months].sort().map(([month, hours]) => ({
    month,
    hours: [...hours].map(([hour, rows]) => ({ hour, rows })).sort((a, b) => a.hour - b.hour),
  }));
}

interface SizeRow {
  readonly month: string;
  readonly hour: string;
  readonly rows: string;
}

/** So many hours at a time as have few enough rows, one at least. */
function atOnce(
  hours: readonly HourSize[],
  { rowsAtOnce = 500_000 }: VerifyRollupOptions,
): readonly (readonly HourSize[])[] {
  const ranges: HourSize[][] = [];
  let rows = 0;
  for (const hour of hours) {
    const last = ranges.at(-1);
    if (last && rows + hour.rows <= rowsAtOnce) {
      last.push(hour);
      rows += hour.rows;
    } else {
      ranges.push([hour]);
      ({ rows } = hour);
    }
  }
  return ranges;
}

const rangeOf = (hours: readonly HourSize[]): Omit<ComparedHours, 'cut'> => ({
  fromHour: hours[0]?.hour ?? 0,
  toHour: (hours.at(-1)?.hour ?? 0) + 1,
});
const rowsIn = (hours: readonly HourSize[]): number =>
  hours.reduce((sum, { rows }) => sum + rows, 0);

interface HourFound {
  readonly hour: number;
  readonly expected: number;
  readonly stored: number;
  readonly lost: number;
  readonly unexpected: number;
  readonly changed: number;
}

type HourRow = { readonly [name in keyof HourFound]: string };

const hourFound = (row: HourRow): HourFound => ({
  hour: Number(row.hour),
  expected: Number(row.expected),
  stored: Number(row.stored),
  lost: Number(row.lost),
  unexpected: Number(row.unexpected),
  changed: Number(row.changed),
});

const isDifferent = ({ lost, unexpected, changed }: HourFound): boolean =>
  lost + unexpected + changed > 0;

async function difference(
  rollup: RollupPlan,
  { hour, ...counts }: HourFound,
  cut: number,
  options: VerifyRollupOptions,
): Promise<RollupDifference> {
  const range = { fromHour: hour, toHour: hour + 1, cut };
  const sql = options.statements.firstDifferent(rollup, range, firstMax);
  const rows = await ask<GroupRow>(sql, options);
  return {
    hour: new Date(hour * 3_600_000).toISOString(),
    ...counts,
    first: rows.map((row) => groupDifference(rollup, row)),
  };
}

interface GroupRow {
  readonly bucket: string;
  readonly dimensions: readonly string[];
  readonly expected: string;
  readonly stored: string;
  /** Each as JSON. */
  readonly expected_values: readonly string[];
  readonly stored_values: readonly string[];
}

function groupDifference({ by, measures }: RollupPlan, row: GroupRow): GroupDifference {
  const isExpected = row.expected !== '0';
  const isStored = row.stored !== '0';
  return {
    what: !isStored ? 'lost' : isExpected ? 'changed' : 'unexpected',
    bucket: new Date(row.bucket).toISOString(),
    dimensions: named(by, row.dimensions),
    expected: isExpected ? named(measures, row.expected_values) : null,
    stored: isStored ? named(measures, row.stored_values) : null,
  };
}

const named = (
  names: readonly { readonly name: string }[],
  values: readonly string[],
): { readonly [name: string]: unknown } =>
  Object.fromEntries(names.map(({ name }, i) => [name, JSON.parse(values[i] ?? 'null')]));
