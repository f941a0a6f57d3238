import { MillraceError } from '../errors.ts';
import type { LogReader, LogSlice } from '../ports/log.ts';
import { exactJson, type GivenRows, StoreError } from '../ports/store.ts';
import { rowsIn } from './ask.ts';
import type { VerifyEventsOptions } from './verify-events-options.ts';

/** What the log still has from `start` to the cut. */
export async function* slices(
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

/** A row at its place in the log. */
export interface PlacedRow {
  readonly offset: string;
  readonly hour: string;
  readonly event_id: string;
  readonly checksum: string;
}

interface ReadRows<Row> {
  readonly rows: readonly Row[];
  /** Those that the store cannot read, so that it refused them. */
  readonly unreadable: readonly PlacedRow[];
}

/** Asks about the records of a slice; halves it down to those that the store cannot read. */
export async function readLogged<Row>(
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
    for (const half of halvesOf(slice)) halves.push(await readLogged<Row>(half, sql, options));
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
