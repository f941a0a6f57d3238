import { isRecord } from '../collect/is-record.ts';
import { LongNumber } from '../collect/numbers.ts';
import { Refusal } from '../collect/refusals.ts';
import { MillraceError } from '../errors.ts';
import { isList, type RawRow } from './raw-row.ts';
import { readLocalTime } from './read-time.ts';
import type { Zone } from './zone.ts';

/** What all rows of a file have in common. */
export interface RowContext {
  /** Where each column is; null where each row has names of its own (NDJSON). */
  readonly columns: ReadonlyMap<string, number> | null;
  readonly zone: Zone;
}

/**
 * A row as a mapping reads it. A cell is empty if it holds nothing, or null, or
 * (NDJSON) is not there. What cannot be read refuses the row: it is kept as a
 * dead letter with the reason, and the others go on. `optional` has the same
 * functions, which give null for an empty cell.
 */
export interface Row extends CellReaders<never> {
  /** Its place among the rows of the file, from 1. */
  readonly rowNumber: number;
  readonly optional: CellReaders<null>;
  /** What the cell holds, whatever it is: for nested values of NDJSON and Parquet. */
  value(column: string): unknown;
  /** Epoch ms of a time put together by the mapping, as `time` reads it. */
  timeOf(text: string, pattern?: string): number;
}

export interface CellReaders<Empty> {
  /** As it stands. An empty cell is `''`, if it is not optional. */
  text(column: string): string | Empty;
  /** A float. */
  number(column: string): number | Empty;
  /** A whole number within ±2^53. `17850.0` is one. */
  integer(column: string): number | Empty;
  /** An exact decimal, as text. */
  decimal(column: string): string | Empty;
  /** true, false, yes, no, 1 or 0. */
  boolean(column: string): boolean | Empty;
  /** One of these texts. */
  oneOf<const Value extends string>(column: string, values: readonly Value[]): Value | Empty;
  /**
   * Epoch ms. Text is ISO 8601 (`2010-12-01 08:26:00`) or fits the pattern
   * (`DD/MM/YYYY HH:mm`, see the reference). Without an offset it is in the
   * mapping's zone: a time that comes twice is the first of the two, one that a
   * change of clocks leaves out is read as if the clock had not changed. A
   * number (NDJSON, Parquet) is milliseconds.
   */
  time(column: string, pattern?: string): number | Empty;
  /** Epoch ms of a number that counts from 1970. */
  epoch(column: string, unit: 's' | 'ms' | 'us'): number | Empty;
}

export function rowOf(raw: RawRow, context: RowContext): Row {
  return new FileRow(raw, context);
}

class OptionalCells implements CellReaders<null> {
  readonly #raw: RawRow;
  readonly #context: RowContext;

  constructor(raw: RawRow, context: RowContext) {
    this.#raw = raw;
    this.#context = context;
  }

  /** @throws MillraceError `import_invalid` if the file has no such column. */
  value(column: string): unknown {
    const { cells } = this.#raw;
    const { columns } = this.#context;
    if (!isList(cells)) return Object.hasOwn(cells, column) ? cells[column] : pathIn(cells, column);
    const index = columns?.get(column);
    if (index === undefined) throw noColumn(column, columns);
    return cells[index];
  }

  text(column: string): string | null {
    const value = this.value(column);
    return isEmpty(value) ? null : asText(value, column);
  }

  number(column: string): number | null {
    const text = this.text(column)?.trim();
    if (text === undefined) return null;
    if (!floating.test(text)) throw wrong(column, text, 'a number');
    return Number(text);
  }

  integer(column: string): number | null {
    const text = this.text(column)?.trim();
    if (text === undefined) return null;
    if (!integer.test(text)) throw wrong(column, text, 'a whole number');
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number;
    throw new Refusal('number_out_of_range', `${column}: ${shown(text)} is beyond ±2^53.`);
  }

  decimal(column: string): string | null {
    const text = this.text(column)?.trim();
    if (text === undefined) return null;
    if (!plainDecimal.test(text)) throw wrong(column, text, 'a decimal');
    // The collector wants a digit on each side of the point.
    return text.replace(/^([+-]?)\./, '$10.').replace(/\.$/, '');
  }

  boolean(column: string): boolean | null {
    const text = this.text(column)?.trim().toLowerCase();
    if (text === undefined) return null;
    if (text === 'true' || text === 'yes' || text === '1') return true;
    if (text === 'false' || text === 'no' || text === '0') return false;
    throw wrong(column, text, 'true or false');
  }

  oneOf<const Value extends string>(column: string, values: readonly Value[]): Value | null {
    const text = this.text(column);
    if (text === null) return null;
    const found = values.find((value) => value === text);
    if (found === undefined) throw wrong(column, text, `one of ${values.join(', ')}`);
    return found;
  }

  time(column: string, pattern?: string): number | null {
    const value = this.value(column);
    if (isEmpty(value)) return null;
    if (typeof value === 'number' || typeof value === 'bigint') return Math.floor(Number(value));
    return timeOf(asText(value, column), this.#context.zone, pattern, column);
  }

  epoch(column: string, unit: 's' | 'ms' | 'us'): number | null {
    const number = this.number(column);
    return number === null ? null : Math.floor(number * msIn[unit]);
  }
}

class FileRow implements Row {
  readonly rowNumber: number;
  readonly optional: OptionalCells;
  readonly #zone: Zone;

  constructor(raw: RawRow, context: RowContext) {
    this.rowNumber = raw.number;
    this.optional = new OptionalCells(raw, context);
    this.#zone = context.zone;
  }

  value(column: string): unknown {
    return this.optional.value(column);
  }
  timeOf(text: string, pattern?: string): number {
    return timeOf(text, this.#zone, pattern, 'The time');
  }
  text(column: string): string {
    return this.optional.text(column) ?? '';
  }
  number(column: string): number {
    return filled(this.optional.number(column), column);
  }
  integer(column: string): number {
    return filled(this.optional.integer(column), column);
  }
  decimal(column: string): string {
    return filled(this.optional.decimal(column), column);
  }
  boolean(column: string): boolean {
    return filled(this.optional.boolean(column), column);
  }
  oneOf<const Value extends string>(column: string, values: readonly Value[]): Value {
    return filled(this.optional.oneOf(column, values), column);
  }
  time(column: string, pattern?: string): number {
    return filled(this.optional.time(column, pattern), column);
  }
  epoch(column: string, unit: 's' | 'ms' | 'us'): number {
    return filled(this.optional.epoch(column, unit), column);
  }
}

const floating = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const integer = /^[+-]?\d+(\.0+)?$/;
const plainDecimal = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const msIn = { s: 1000, ms: 1, us: 0.001 } as const;

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';

function filled<Value>(value: Value | null, column: string): Value {
  if (value === null) throw new Refusal('missing_property', `${column} is empty.`);
  return value;
}

function asText(value: unknown, column: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value);
  }
  if (value instanceof LongNumber) return value.text;
  throw new Refusal('wrong_type', `${column} holds a list or an object; read it with value().`);
}

function timeOf(text: string, zone: Zone, pattern: string | undefined, name: string): number {
  const time = readLocalTime(text, zone, pattern);
  if (time !== null) return time;
  const expected = pattern ?? 'a time such as 2010-12-01 08:26:00';
  throw new Refusal('bad_timestamp', `${name}: ${shown(text)} is not ${expected}.`);
}

/** `address.city` where no column has that very name. */
function pathIn(cells: Readonly<Record<string, unknown>>, column: string): unknown {
  let value: unknown = cells;
  for (const name of column.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

const wrong = (column: string, text: string, expected: string): Refusal =>
  new Refusal('wrong_type', `${column}: ${shown(text)} is not ${expected}.`);

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

function noColumn(column: string, columns: RowContext['columns']): MillraceError {
  const there = [...(columns?.keys() ?? [])].map((name) => JSON.stringify(name)).join(', ');
  return new MillraceError(
    'import_invalid',
    `The file has no column ${JSON.stringify(column)}; it has ${there}.`,
  );
}
