import type { IncomingBatch, IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import type { JsonItems } from './read-json.ts';
import { Refusal } from './refusals.ts';
import { contextWithRest } from './rest-of-envelope.ts';

const snakeCase = new Set([
  ...['event_id', 'type', 'timestamp', 'sent_at', 'user_id', 'anonymous_id', 'session_id'],
  ...['properties', 'context'],
]);

const bothCases = new Set([
  ...snakeCase,
  ...['eventId', 'sentAt', 'userId', 'anonymousId', 'sessionId'],
]);

/**
 * Reads events of Millrace's own shape. The envelope may come in camelCase as
 * well; what has no place in it is kept in `context`. `sent_at` beside a batch
 * holds for each event without one.
 */
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
    if (!snakeCase.has(name)) return withOtherNames(item);
  }
  return item;
}

function withOtherNames(item: Record<string, unknown>): IncomingEvent | Refusal {
  const context = contextWithRest(item, bothCases, item.context);
  if (context instanceof Refusal) return context;
  return {
    event_id: item.event_id ?? item.eventId,
    type: item.type,
    timestamp: item.timestamp,
    sent_at: item.sent_at ?? item.sentAt,
    user_id: item.user_id ?? item.userId,
    anonymous_id: item.anonymous_id ?? item.anonymousId,
    session_id: item.session_id ?? item.sessionId,
    properties: item.properties,
    context,
  };
}
