import { hash } from 'node:crypto';
import { isRecord } from '../collect/is-record.ts';
import { Refusal } from '../collect/refusals.ts';
import { MillraceError } from '../errors.ts';
import type { CheckedDefinition } from './checked-definition.ts';
import { isList, type RawRow } from './raw-row.ts';
import { type Row, type RowContext, rowOf } from './row.ts';

/** What became of a row. */
export interface MappedRow {
  readonly raw: RawRow;
  /**
   * Its event as JSON values; why it can be none; or that it is to be none: left
   * out by the mapping, or equal to an earlier row where equal rows are one event.
   */
  readonly event: Readonly<Record<string, unknown>> | Refusal | 'left out' | 'repeated';
  /** The id made from the row's cells: rows that share it are one event. */
  readonly contentId?: string;
}

export type MapRow = (raw: RawRow) => MappedRow;

/**
 * Compiles a mapping for the rows of one file.
 *
 * @param digest of the file: ids made of row numbers begin with it.
 * @returns a function that throws MillraceError `import_invalid` if the mapping itself fails.
 */
export function rowMapper(
  definition: CheckedDefinition,
  columns: readonly string[] | null,
  digest: string,
): MapRow {
  const context: RowContext = {
    columns: columns === null ? null : new Map(columns.map((name, at) => [name, at])),
    zone: definition.zone,
  };
  return (raw) => {
    if (raw.problem !== undefined) {
      return { raw, event: new Refusal(raw.problem.code, raw.problem.message) };
    }
    const row = rowOf(raw, context);
    try {
      const event = definition.event(row);
      if (event === null) return { raw, event: 'left out' };
      if (!isRecord(event)) throw new TypeError('event() gave neither an object nor null');
      const plain = withoutDates(event);
      if (plain.event_id !== undefined && plain.event_id !== null) return { raw, event: plain };
      if (definition.id === 'row') {
        return { raw, event: { ...plain, event_id: `${digest}:${raw.number}` } };
      }
      const contentId = digestOf(raw, row, definition.id);
      return { raw, event: { ...plain, event_id: contentId }, contentId };
    } catch (error) {
      if (error instanceof Refusal) return { raw, event: error };
      if (error instanceof MillraceError) throw error;
      throw new MillraceError(
        'import_invalid',
        `The mapping failed at row ${raw.number}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  };
}

/** 128 bits of SHA-256 of the cells as they stand. */
function digestOf(raw: RawRow, row: Row, id: 'content' | readonly string[]): string {
  return hash('sha256', textOf(raw, row, id)).slice(0, 32);
}

function textOf(raw: RawRow, row: Row, id: 'content' | readonly string[]): string {
  if (id !== 'content')
    return JSON.stringify(
      id.map((column) => row.value(column)),
      exactText,
    );
  if (raw.line !== undefined) return raw.line.text.trim();
  return JSON.stringify(isList(raw.cells) ? raw.cells : Object.entries(raw.cells), exactText);
}

const exactText = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

/** JSON has no Date: it is written as ISO 8601, as `JSON.stringify` does. Most events have none. */
function withoutDates(
  record: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const name in record) {
    const value = record[name];
    if (typeof value !== 'object' || value === null) continue;
    const plain = plainValue(value);
    if (plain === value) continue;
    copy ??= { ...record };
    copy[name] = plain;
  }
  return copy ?? record;
}

function plainValue(value: unknown): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Refusal('bad_timestamp', 'A Date is invalid.');
    return value.toISOString();
  }
  if (Array.isArray(value)) return value.map(plainValue);
  return isRecord(value) ? withoutDates(value) : value;
}
