import { LosslessNumber, stringify } from 'lossless-json';
import { isRecord } from '../collect/is-record.ts';
import { LongNumber } from '../collect/numbers.ts';
import type { JsonItems } from '../collect/read-json.ts';
import { Refusal, refusals } from '../collect/refusals.ts';
import { MillraceError } from '../errors.ts';
import type { ImportRow } from './target.ts';

/*
 * A chunk on its way to another process, a line a row:
 * {"event":{…},"raw":"…"} or {"code":"…","message":"…","raw":"…"}
 */

export function chunkLines(rows: readonly ImportRow[]): string {
  return rows.map((row) => `${lineOf(row)}\n`).join('');
}

function lineOf({ event, raw }: ImportRow): string {
  const row = event instanceof Refusal ? { ...event, raw: raw() } : { event, raw: raw() };
  let exact = false;
  const text = JSON.stringify(row, (_, value: unknown) => {
    if (typeof value !== 'bigint' && !(value instanceof LongNumber)) return value;
    exact = true;
    return null;
  });
  if (!exact) return text;
  const digits = (_: string, value: unknown): unknown =>
    value instanceof LongNumber ? new LosslessNumber(value.text) : value;
  return stringify(row, digits) ?? '{}';
}

/** @throws MillraceError `invalid_body`. */
export function rowsOfLines({ items }: JsonItems): ImportRow[] {
  return items.map((item) => {
    if (item instanceof Refusal) throw new MillraceError('invalid_body', item.message);
    if (!isRecord(item) || typeof item.raw !== 'string') throw notARow();
    const { raw } = item;
    return { event: eventOf(item), raw: () => raw };
  });
}

function eventOf({ event, code, message }: Record<string, unknown>): ImportRow['event'] {
  if (isRecord(event)) return event;
  if (!isRefusalCode(code) || typeof message !== 'string') throw notARow();
  return new Refusal(code, message);
}

const isRefusalCode = (code: unknown): code is Refusal['code'] =>
  typeof code === 'string' && Object.hasOwn(refusals, code);

const notARow = (): MillraceError =>
  new MillraceError('invalid_body', 'A line is neither an event nor a refused row.');
