import type { IncomingBatch, IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import type { JsonItems } from './read-json.ts';
import { Refusal } from './refusals.ts';

/** The names of an event's envelope, and what else senders may call them. */
const envelope = {
  event_id: 'eventId',
  type: 'type',
  timestamp: 'timestamp',
  sent_at: 'sentAt',
  user_id: 'userId',
  anonymous_id: 'anonymousId',
  session_id: 'sessionId',
  properties: 'properties',
  context: 'context',
} as const satisfies { readonly [Name in keyof Required<IncomingEvent>]: string };

const names = new Set(Object.keys(envelope));

/** Reads a body of Millrace's own shape. `sent_at` beside a batch holds for each event without one. */
export function nativeBatch({ items, around, plainStrings, raw }: JsonItems): IncomingBatch {
  const sentAt = around?.sent_at ?? around?.sentAt;
  const events = items.map((item) => {
    if (item instanceof Refusal) return item;
    if (!isRecord(item)) return new Refusal('not_an_object');
    const event = nativeEvent(item);
    if (sentAt === undefined || event instanceof Refusal) return event;
    return { ...event, sent_at: event.sent_at ?? sentAt };
  });
  return { protocol: 'native', events, plainStrings, raw };
}

function nativeEvent(item: Record<string, unknown>): IncomingEvent | Refusal {
  for (const name in item) {
    if (!names.has(name)) return withOtherNames(item);
  }
  return item;
}

/** The envelope in camelCase is taken as well; what has no place in it is kept in `context`. */
function withOtherNames(item: Record<string, unknown>): IncomingEvent | Refusal {
  const rest: Record<string, unknown> = {};
  const event: { -readonly [Name in keyof IncomingEvent]: unknown } = {};
  const taken = new Set<string>();
  for (const name of Object.keys(envelope)) {
    if (!isEnvelopeName(name)) continue;
    const other = envelope[name];
    event[name] = item[name] ?? item[other];
    taken.add(name).add(other);
  }
  for (const name of Object.keys(item)) {
    if (name === '__proto__')
      return new Refusal('reserved_key', 'The event has the name __proto__.');
    if (!taken.has(name)) rest[name] = item[name];
  }
  const { context = {} } = event;
  return { ...event, context: isRecord(context) ? { ...rest, ...context } : context };
}

const isEnvelopeName = (name: string): name is keyof typeof envelope =>
  Object.hasOwn(envelope, name);
