import { MillraceError } from '../errors.ts';
import { cloudEventsBatch } from './cloudevents.ts';
import type { IncomingBatch, IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import { nativeBatch } from './native.ts';
import { type JsonItems, readJsonValue } from './read-json.ts';
import { Refusal } from './refusals.ts';
import { segmentBatch } from './segment.ts';
import type { Letter } from './stored-letters.ts';
import { readTime } from './time.ts';

/** A refused event on its way to be checked again. */
export interface ReadLetter {
  /** It has an id. A Refusal if it still cannot be read. */
  readonly event: IncomingEvent | Refusal;
  /** When it first came (epoch ms). */
  readonly receivedAt: number;
}

/**
 * Reads a letter in the way of the protocol it came by. An event without an id
 * is given one made of the letter's place, `dead_letters/0/17`: the same each
 * time, and no other event's, because no place in a log is used twice.
 */
export function readLetter(letter: Letter): ReadLetter {
  const { event, receivedAt = readTime(letter.received_at) ?? 0 } = eventOf(letter);
  if (event instanceof Refusal) return { event, receivedAt };
  return { event: { ...event, event_id: event.event_id ?? placeKey(letter) }, receivedAt };
}

export const placeKey = ({ id }: Letter): string => `dead_letters/${id}`;

type Unnamed = Pick<ReadLetter, 'event'> & Partial<ReadLetter>;

function eventOf({ code, protocol, raw_base64 }: Letter): Unnamed {
  if (protocol === 'import') return { event: new Refusal('row_of_import') };
  const raw = Buffer.from(raw_base64, 'base64');
  const value = jsonOf(raw);
  if (value instanceof Refusal) return { event: value };
  if (code === 'store_refused') return acceptedOnce(value);
  // Not read as a body: an array in place of an event is no batch.
  const items: JsonItems = { items: [value], around: null, plainStrings: false, raw: () => raw };
  const [event = new Refusal('not_an_object')] = batchOf(protocol, items).events;
  return { event };
}

function jsonOf(raw: Buffer): unknown {
  try {
    return readJsonValue(raw);
  } catch (error) {
    if (error instanceof MillraceError) return new Refusal('invalid_json', error.message);
    throw error;
  }
}

/** What the store refused is a line of the log, which says when it was accepted. */
function acceptedOnce(line: unknown): Unnamed {
  if (!isRecord(line)) return { event: new Refusal('not_an_object') };
  const { received_at, appended_at, late, ...event } = line;
  return typeof received_at === 'number' ? { event, receivedAt: received_at } : { event };
}

function batchOf(protocol: string, items: JsonItems): IncomingBatch {
  if (protocol === 'segment') return segmentBatch(items, null);
  if (protocol === 'cloudevents') return cloudEventsBatch(items);
  return nativeBatch(items);
}
