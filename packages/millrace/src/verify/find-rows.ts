import type { LogSlice } from '../ports/log.ts';
import { ask } from './ask.ts';
import { type PlacedRow, readLogged, slices } from './read-log.ts';
import { firstMax, outsideMax, type RowDifference } from './report.ts';
import type { VerifyEventsOptions } from './verify-events-options.ts';

/** What is wrong with the rows of an hour. */
export interface Tally {
  lost: number;
  doubled: number;
  changed: number;
  outside: number;
  readonly first: RowDifference[];
}
export const newTally = (): Tally => ({ lost: 0, doubled: 0, changed: 0, outside: 0, first: [] });

export function note(
  tallies: Map<number, Tally>,
  what: RowDifference['what'],
  { hour, event_id, offset }: PlacedRow,
  partition: number,
): void {
  const tally = tallies.get(Number(hour)) ?? newTally();
  tallies.set(Number(hour), tally);
  tally[what] += 1;
  if (tally.first.length < firstMax) {
    tally.first.push({ what, event_id, partition, offset: Number(offset) });
  }
}

export interface RowsFound {
  readonly tallies: Map<number, Tally>;
  readonly refused: number;
  /** Whether the log still had everything that was compared. */
  readonly whole: boolean;
}

export const nothing = (): RowsFound => ({ tallies: new Map(), refused: 0, whole: true });

/** Compares row by row where the sums of these hours differ. */
export async function findRows(
  hours: ReadonlySet<number>,
  from: number,
  options: VerifyEventsOptions,
): Promise<RowsFound> {
  const { statements, log, partition } = options;
  const tallies = new Map<number, Tally>();
  let refused = 0;
  for await (const slice of slices(options, 'rows', from)) {
    const range = { from: slice.from, to: slice.to };
    const { rows: readable, unreadable } = await readLogged<PlacedRow>(
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
      else if (right < 0) note(tallies, 'changed', row, partition);
      const one = Math.max(right, 0);
      for (const more of rows.filter((_, i) => i !== one))
        note(tallies, 'doubled', more, partition);
    }
    const letters = await refusedOf(absent, slice, options);
    for (const row of absent) {
      if (letters.has(row.offset)) refused += 1;
      else note(tallies, 'lost', row, partition);
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

/** Rows whose offsets the log has not given: not even by now, after they were read. */
export async function rowsOutside(options: VerifyEventsOptions): Promise<readonly OutsideRow[]> {
  const { statements, log, partition } = options;
  const sql = statements.rowsOutside(log.end, outsideMax);
  const rows = await ask<OutsideRow>(sql, options);
  return rows.filter((row) => row.partition !== partition || Number(row.offset) >= log.end);
}

export interface OutsideRow extends PlacedRow {
  readonly partition: number;
}
