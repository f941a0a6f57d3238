import { LosslessNumber, stringify } from 'lossless-json';
import { isRecord } from '../collect/is-record.ts';
import { LongNumber } from '../collect/numbers.ts';
import type { JsonItems } from '../collect/read-json.ts';
import { Refusal, refusals } from '../collect/refusals.ts';
import { MillraceError } from '../errors.ts';
import type { ImportChunk } from './target.ts';

/*
 * A chunk on its way to another process, a line a row:
 * {"event":{…},"raw":"…"} or {"code":"…","message":"…","raw":"…"}
 */

type Rows = Pick<ImportChunk, 'events' | 'raw'>;

export function chunkLines({ events, raw }: Rows): string {
  return events.map((event, index) => `${lineOf(event, raw(index))}\n`).join('');
}

function lineOf(event: Rows['events'][number], raw: string): string {
  const row = event instanceof Refusal ? { ...event, raw } : { event, raw };
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
export function rowsOfLines({ items }: JsonItems): Rows {
  const rows = items.map((item) => {
    if (item instanceof Refusal) throw new MillraceError('invalid_body', item.message);
    if (!isRecord(item) || typeof item.raw !== 'string') throw notARow();
    return { event: eventOf(item), raw: item.raw };
  });
  return { events: rows.map(({ event }) => event), raw: (index) => rows[index]?.raw ?? '' };
}

function eventOf({ event, code, message }: Record<string, unknown>): Rows['events'][number] {
  if (isRecord(event)) return event;
  if (!isRefusalCode(code) || typeof message !== 'string') throw notARow();
  return new Refusal(code, message);
}

const isRefusalCode = (code: unknown): code is Refusal['code'] =>
  typeof code === 'string' && Object.hasOwn(refusals, code);

const notARow = (): MillraceError =>
  new MillraceError('invalid_body', 'A line is neither an event nor a refused row.');
