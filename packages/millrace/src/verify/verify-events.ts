import type { LogSlice } from '../ports/log.ts';
import type { LogRange } from '../ports/progress.ts';
import { ask } from './ask.ts';
import { findRows, newTally, note, nothing, rowsOutside } from './find-rows.ts';
import { readLogged, slices } from './read-log.ts';
import { differencesMax, type HourDifference } from './report.ts';
import type { VerifyEventsOptions } from './verify-events-options.ts';

export interface EventsVerified {
  readonly from: number;
  readonly events: number;
  readonly refused: number;
  readonly missing: number;
  /** Offsets whose events were forgotten. */
  readonly forgotten: number;
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
  for (let tries = 1; ; tries += 1) {
    const { whole, ...found } = await compareEvents(options);
    // What differed was dropped by the retention of the log before it could be looked at.
    if (whole || tries === triesMax) return found;
  }
}

const triesMax = 3;
/** Parts of the log with records given up between them, asked about in one statement. */
const rangesMax = 100;

async function compareEvents(
  options: VerifyEventsOptions,
): Promise<EventsVerified & { readonly whole: boolean }> {
  const { statements, log, cut } = options;
  const expected = new Map<number, HourSum>();
  const found = new Map<number, HourSum>();
  const ranges: LogRange[] = [];
  const addStored = async (): Promise<void> => {
    const sql = statements.hoursOfStored(ranges.splice(0));
    for (const sum of await ask<HourRow>(sql, options)) addTo(found, sum);
  };
  const from = Math.min(log.start, cut);
  let events = 0;
  for await (const slice of slices(options, 'log', from)) {
    for (const sum of await sumsOf(slice, options)) addTo(expected, sum);
    events += slice.to - slice.from;
    noteRange(ranges, slice);
    if (ranges.length >= rangesMax) await addStored();
  }
  if (ranges.length > 0) await addStored();
  const outside = await rowsOutside(options);

  const kept = options.keptFromHour();
  const compared = [...new Set([...expected.keys(), ...found.keys()])].filter(
    (hour) => hour >= kept,
  );
  const unequal = compared.filter((hour) => !same(expected.get(hour), found.get(hour)));
  const { tallies, refused, whole } =
    unequal.length === 0 ? nothing() : await findRows(new Set(unequal), from, options);
  for (const row of outside) note(tallies, 'outside', row, row.partition);
  const keptByNow = options.keptFromHour();
  const still = unequal
    // Rows that the store refused are no difference; what could not be looked at again is.
    .filter((hour) => hour >= keptByNow && (!whole || tallies.has(hour)));
  const different = [...new Set([...still, ...outside.map(({ hour }) => Number(hour))])].sort(
    (a, b) => a - b,
  );
  const forgotten = options.forgottenIn(from, cut);
  return {
    from,
    events,
    missing: cut - from - events - forgotten,
    forgotten,
    hours: compared.length,
    refused,
    whole,
    differing: different.length,
    differences: different.slice(0, differencesMax).map((hour) => {
      const tally = tallies.get(hour) ?? newTally();
      return {
        hour: new Date(hour * 3_600_000).toISOString(),
        expected: expected.get(hour)?.rows ?? 0,
        stored: (found.get(hour)?.rows ?? 0) + tally.outside,
        ...tally,
      };
    }),
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

async function sumsOf(slice: LogSlice, options: VerifyEventsOptions): Promise<readonly HourRow[]> {
  const { rows, unreadable } = await readLogged<HourRow>(
    slice,
    options.statements.hoursOfGiven,
    options,
  );
  // They differ from whatever is stored, so that they are looked at one by one.
  return [...rows, ...unreadable.map(({ hour }) => ({ hour, rows: '1', checksum: '0' }))];
}
