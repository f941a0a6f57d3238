import { MillraceError } from '../errors.ts';
import type { LogReader, LogSlice } from '../ports/log.ts';
import type { LogRange } from '../ports/progress.ts';
import { exactJson, type GivenRows, type Store, StoreError } from '../ports/store.ts';
import { ask, rowsIn } from './ask.ts';
import {
  differencesMax,
  firstMax,
  type HourDifference,
  type RowDifference,
  type VerifyProgress,
} from './report.ts';

/** The questions, in the store's dialect. */
export interface EventStatements {
  readonly hoursOfGiven: string;
  readonly rowsOfGiven: string;
  readonly hoursOfStored: (ranges: readonly LogRange[]) => string;
  readonly rowsOfStored: (range: LogRange, rowsMax: number) => string;
  readonly refusedLines: (ids: readonly string[]) => string;
}

export interface VerifyEventsOptions {
  readonly log: LogReader;
  readonly store: Store;
  readonly statements: EventStatements;
  readonly table: string;
  readonly columns: readonly string[];
  readonly partition: number;
  /** One past the last record that is stored. */
  readonly cut: number;
  /** The first hour (from the epoch) of which nothing has been removed by age. */
  readonly keptFromHour: () => number;
  readonly onProgress: (progress: VerifyProgress) => void;
  readonly signal: AbortSignal;
  /** Read at once: what bounds the memory this takes. */
  readonly rowsMax?: number;
  readonly bytesMax?: number;
}

export interface EventsVerified {
  readonly from: number;
  readonly events: number;
  readonly refused: number;
  readonly missing: number;
  readonly hours: number;
  readonly differences: readonly HourDifference[];
  readonly differing: number;
}

interface HourSum {
  readonly rows: number;
  readonly checksum: string;
}

/**
 * Compares the log with the stored events: first the sums of each hour, then,
 * where they differ, row by row.
 */
export async function verifyEvents(options: VerifyEventsOptions): Promise<EventsVerified> {
  const expected = new Map<number, HourSum>();
  const ranges: LogRange[] = [];
  const from = Math.min(options.log.start, options.cut);
  let events = 0;
  for await (const slice of slices(options, 'log', from)) {
    for (const sum of await sumsOf(slice, options)) addTo(expected, sum);
    events += slice.to - slice.from;
    noteRange(ranges, slice);
  }
  const found = new Map<number, HourSum>();
  const stored = await ask<HourRow>(options.statements.hoursOfStored(ranges), options);
  for (const sum of stored) addTo(found, sum);

  const kept = options.keptFromHour();
  const hours = [...new Set([...expected.keys(), ...found.keys()])].filter((hour) => hour >= kept);
  const unequal = hours.filter((hour) => !same(expected.get(hour), found.get(hour)));
  const about = { from, events, missing: options.cut - from - events, hours: hours.length };
  if (unequal.length === 0) return { ...about, refused: 0, differences: [], differing: 0 };

  const { tallies, refused, whole } = await findRows(new Set(unequal), from, options);
  const different = unequal
    // Rows that the store refused are no difference; what could not be looked at again is.
    .filter((hour) => !whole || tallies.has(hour))
    .sort((a, b) => a - b);
  return {
    ...about,
    refused,
    differing: different.length,
    differences: different.slice(0, differencesMax).map((hour) => ({
      table: options.table,
      hour: new Date(hour * 3_600_000).toISOString(),
      expected: expected.get(hour)?.rows ?? 0,
      stored: found.get(hour)?.rows ?? 0,
      ...(tallies.get(hour) ?? newTally()),
    })),
  };
}

const same = (a: HourSum | undefined, b: HourSum | undefined): boolean =>
  a !== undefined && b !== undefined && a.rows === b.rows && a.checksum === b.checksum;

interface HourRow {
  readonly hour: string;
  readonly rows: string;
  readonly checksum: string;
}

function addTo(sums: Map<number, HourSum>, { hour, rows, checksum }: HourRow): void {
  const before = sums.get(Number(hour)) ?? { rows: 0, checksum: '0' };
  sums.set(Number(hour), {
    rows: before.rows + Number(rows),
    checksum: String(BigInt.asUintN(64, BigInt(before.checksum) + BigInt(checksum))),
  });
}

/** Ranges that touch are one. */
function noteRange(ranges: LogRange[], { from, to }: LogSlice): void {
  const last = ranges.at(-1);
  if (last?.to === from) ranges[ranges.length - 1] = { from: last.from, to };
  else ranges.push({ from, to });
}

/** What the log still has from `start` to the cut. */
async function* slices(
  {
    log,
    cut,
    signal,
    onProgress,
    rowsMax = 50_000,
    bytesMax = 16 * 1024 ** 2,
  }: VerifyEventsOptions,
  what: string,
  start: number,
): AsyncGenerator<LogSlice> {
  for (let next = Math.max(start, log.start); next < cut; ) {
    signal.throwIfAborted();
    onProgress({ what, done: next - start, of: cut - start });
    const slice = await readOn(log, next, { rowsMax: Math.min(rowsMax, cut - next), bytesMax });
    next = slice.to;
    if (slice.from < cut) yield slice;
  }
}

async function readOn(log: LogReader, from: number, limits: Parameters<LogReader['read']>[1]) {
  try {
    return await log.read(from, limits);
  } catch (error) {
    // Its retention dropped the records while the ones before were being looked at.
    if (!(error instanceof MillraceError) || error.code !== 'log_trimmed') throw error;
    return log.read(log.start, limits);
  }
}

const givenOf = (
  { from, to, lines }: LogSlice,
  { table, columns, partition }: VerifyEventsOptions,
): GivenRows => ({ table, columns, lines, rows: to - from, place: { partition, offset: from } });

async function sumsOf(slice: LogSlice, options: VerifyEventsOptions): Promise<readonly HourRow[]> {
  const { rows, unreadable } = await read<HourRow>(slice, options.statements.hoursOfGiven, options);
  // They differ from whatever is stored, so that they are looked at one by one.
  return [...rows, ...unreadable.map(({ hour }) => ({ hour, rows: '1', checksum: '0' }))];
}

interface ReadRows<Row> {
  readonly rows: readonly Row[];
  /** Those that the store cannot read, so that it refused them. */
  readonly unreadable: readonly PlacedRow[];
}

/** Asks about the records of a slice; halves it down to those that the store cannot read. */
async function read<Row>(
  slice: LogSlice,
  sql: string,
  options: VerifyEventsOptions,
): Promise<ReadRows<Row>> {
  const { store, signal } = options;
  try {
    const given = givenOf(slice, options);
    const result = await store.readGiven(given, sql, { settings: exactJson, signal });
    return { rows: rowsIn<Row>(result), unreadable: [] };
  } catch (error) {
    if (!(error instanceof StoreError) || error.retry !== 'split') throw error;
    if (slice.to - slice.from === 1) return { rows: [], unreadable: [unreadableRow(slice)] };
    const halves = [];
    for (const half of halvesOf(slice)) halves.push(await read<Row>(half, sql, options));
    return {
      rows: halves.flatMap(({ rows }) => rows),
      unreadable: halves.flatMap(({ unreadable }) => unreadable),
    };
  }
}

function halvesOf(slice: LogSlice): readonly LogSlice[] {
  const middle = Math.floor((slice.from + slice.to) / 2);
  let cut = 0;
  for (let row = slice.from; row < middle; row += 1) cut = slice.lines.indexOf(newline, cut) + 1;
  return [
    { ...slice, to: middle, lines: slice.lines.subarray(0, cut) },
    { ...slice, from: middle, lines: slice.lines.subarray(cut) },
  ];
}

const newline = 10;

function unreadableRow({ from, lines }: LogSlice): PlacedRow {
  const { event_id, timestamp }: { readonly event_id?: unknown; readonly timestamp?: unknown } =
    JSON.parse(Buffer.from(lines).toString());
  const ms = typeof timestamp === 'number' ? timestamp : 0;
  return {
    offset: String(from),
    hour: String(Math.floor(ms / 3_600_000)),
    event_id: String(event_id),
    checksum: '',
  };
}

interface Tally {
  lost: number;
  doubled: number;
  changed: number;
  readonly first: RowDifference[];
}
const newTally = (): Tally => ({ lost: 0, doubled: 0, changed: 0, first: [] });

interface PlacedRow {
  readonly offset: string;
  readonly hour: string;
  readonly event_id: string;
  readonly checksum: string;
}

interface RowsFound {
  readonly tallies: ReadonlyMap<number, Tally>;
  readonly refused: number;
  /** Whether the log still had everything that was compared. */
  readonly whole: boolean;
}

async function findRows(
  hours: ReadonlySet<number>,
  from: number,
  options: VerifyEventsOptions,
): Promise<RowsFound> {
  const { statements, log } = options;
  const tallies = new Map<number, Tally>();
  let refused = 0;
  const note = (what: RowDifference['what'], { hour, event_id, offset }: PlacedRow): void => {
    const tally = tallies.get(Number(hour)) ?? newTally();
    tallies.set(Number(hour), tally);
    tally[what] += 1;
    if (tally.first.length < firstMax) tally.first.push({ what, event_id, offset: Number(offset) });
  };
  for await (const slice of slices(options, 'rows', from)) {
    const range = { from: slice.from, to: slice.to };
    const { rows: readable, unreadable } = await read<PlacedRow>(
      slice,
      statements.rowsOfGiven,
      options,
    );
    const logged = [...readable, ...unreadable];
    // Doubled whole and more: enough to see, and bounded.
    const rowsMax = 4 * (slice.to - slice.from) + 1_000;
    const stored = groupByOffset(
      await ask<PlacedRow>(statements.rowsOfStored(range, rowsMax), options),
    );
    const absent: PlacedRow[] = [];
    for (const row of logged) {
      const rows = stored.get(row.offset) ?? [];
      if (![row, ...rows].some(({ hour }) => hours.has(Number(hour)))) continue;
      const right = rows.findIndex(({ checksum }) => checksum === row.checksum);
      if (rows.length === 0) absent.push(row);
      else if (right < 0) note('changed', row);
      const one = Math.max(right, 0);
      for (const more of rows.filter((_, i) => i !== one)) note('doubled', more);
    }
    const letters = await refusedOf(absent, slice, options);
    for (const row of absent) {
      if (letters.has(row.offset)) refused += 1;
      else note('lost', row);
    }
  }
  return { tallies, refused, whole: log.start <= from };
}

function groupByOffset(rows: readonly PlacedRow[]): Map<string, PlacedRow[]> {
  const groups = new Map<string, PlacedRow[]>();
  for (const row of rows) {
    const group = groups.get(row.offset);
    if (group) group.push(row);
    else groups.set(row.offset, [row]);
  }
  return groups;
}

const idsAtOnce = 1_000;

/** Of these rows: the offsets of those whose lines are dead letters, byte for byte. */
async function refusedOf(
  absent: readonly PlacedRow[],
  slice: LogSlice,
  options: VerifyEventsOptions,
): Promise<ReadonlySet<string>> {
  const refused = new Set<string>();
  if (absent.length === 0) return refused;
  const lines = Buffer.from(slice.lines).toString().split('\n');
  for (let i = 0; i < absent.length; i += idsAtOnce) {
    const some = absent.slice(i, i + idsAtOnce);
    // As much of an id as a dead letter keeps of it.
    const ids = some.map(({ event_id }) => event_id.slice(0, 200));
    const letters = await ask<{ readonly raw_base64: string }>(
      options.statements.refusedLines(ids),
      options,
    );
    const raw = new Set(
      letters.map(({ raw_base64 }) => Buffer.from(raw_base64, 'base64').toString().trimEnd()),
    );
    for (const { offset } of some) {
      if (raw.has(lines[Number(offset) - slice.from] ?? '')) refused.add(offset);
    }
  }
  return refused;
}
