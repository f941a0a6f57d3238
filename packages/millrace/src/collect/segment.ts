import { MillraceError } from '../errors.ts';
import type { IncomingBatch, IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import type { JsonItems } from './read-json.ts';
import { Refusal } from './refusals.ts';
import { contextWithRest } from './rest-of-envelope.ts';

/** The calls of the Segment HTTP tracking API. https://segment.com/docs/connections/spec/ */
export const segmentCalls = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const;

export type SegmentCall = (typeof segmentCalls)[number];

/**
 * Reads messages of the Segment API. A `track` becomes the event it names, any
 * other call an event of the built-in type of its name:
 *
 * | Segment | here |
 * |---|---|
 * | `messageId`, `userId`, `anonymousId`, `context.sessionId` | `event_id`, `user_id`, `anonymous_id`, `session_id` |
 * | `timestamp`, else `originalTimestamp`; `sentAt` of the message, else of the batch | `timestamp`, corrected by `sent_at` (see `timesOf`) |
 * | `properties`; `traits` of identify and group | `properties` |
 * | `name`, `category` of page and screen; `groupId` of group; `previousId` of alias | the properties `name`, `category`, `group_id`, `previous_id` |
 * | other fields, but for those that steer Segment's own delivery | `context` |
 *
 * A `context` beside a batch is every message's; of equal names the message's own wins.
 *
 * @param call what the path says (`/v1/track`); null where each message says it (`/v1/batch`).
 * @throws MillraceError `invalid_body` if that context is too large for its batch.
 */
export function segmentBatch(
  { items, around, plainStrings, raw }: JsonItems,
  call: SegmentCall | null,
): IncomingBatch {
  checkSharedContext(around?.context, items.length);
  const events = items.map((item) => {
    if (item instanceof Refusal) return item;
    if (!isRecord(item)) return new Refusal('not_an_object');
    return segmentEvent(item, call, around ?? {});
  });
  return {
    protocol: 'segment',
    events,
    plainStrings,
    raw: call === null ? raw : (index) => withCall(raw(index), items[index], call),
  };
}

/** What all events of a batch may gain by the context beside it. */
const sharedBytesMax = 32 * 1024 * 1024;

/** A small body must not become a large log: each event gets a copy of this. */
function checkSharedContext(context: unknown, events: number): void {
  if (context === undefined || roughSize(context, sharedBytesMax) * events <= sharedBytesMax)
    return;
  throw new MillraceError(
    'invalid_body',
    `The context beside the batch is too large to be given to each of its ${events} events.`,
  );
}

/** About how many characters a value has as JSON, however deep it nests. Stops counting at `max`. */
function roughSize(value: unknown, max: number): number {
  const uncounted = [value];
  let size = 0;
  while (uncounted.length > 0 && size <= max) {
    const next = uncounted.pop();
    if (typeof next === 'string') size += next.length + 2;
    else if (typeof next !== 'object' || next === null) size += 8;
    else {
      size += 2;
      for (const [name, inner] of Object.entries(next)) {
        size += name.length + 4;
        uncounted.push(inner);
      }
    }
  }
  return size;
}

/** The write key, which this protocol carries in the body as well. */
export function segmentWriteKey({ items: [first], around }: JsonItems): unknown {
  return around?.writeKey ?? (isRecord(first) ? first.writeKey : undefined);
}

/** Names that are read below, or say nothing once the message is here. */
const taken = new Set([
  ...['type', 'event', 'messageId', 'userId', 'anonymousId', 'properties', 'traits', 'context'],
  ...['timestamp', 'originalTimestamp', 'sentAt', 'receivedAt'],
  ...['name', 'category', 'groupId', 'previousId'],
  ...['writeKey', 'integrations', '_metadata'],
]);

function segmentEvent(
  message: Record<string, unknown>,
  given: SegmentCall | null,
  around: Readonly<Record<string, unknown>>,
): IncomingEvent | Refusal {
  const call = given ?? message.type;
  if (call === undefined || call === null) return new Refusal('missing_type');
  if (!isCall(call)) {
    return new Refusal('unknown_event_type', `The Segment API has no call ${shown(call)}.`);
  }
  const context = contextWithRest(message, taken, message.context, around.context);
  if (context instanceof Refusal) return context;
  return {
    event_id: message.messageId,
    type: call === 'track' ? message.event : call,
    ...timesOf(message, around),
    user_id: message.userId,
    anonymous_id: message.anonymousId,
    session_id: isRecord(message.context) ? message.context.sessionId : undefined,
    properties: propertiesOf(call, message),
    context,
  };
}

/**
 * Segment's rule: timestamp = original timestamp + (received − sent). SDKs of
 * Segment call the original one `timestamp`, those of RudderStack
 * `originalTimestamp`. Where both are there and differ, `timestamp` is what the
 * user gave, or was corrected on the way, and stands as it is.
 */
function timesOf(
  { timestamp, originalTimestamp, sentAt }: Record<string, unknown>,
  around: Readonly<Record<string, unknown>>,
): { timestamp: unknown; sent_at?: unknown } {
  const given = timestamp ?? undefined;
  const original = originalTimestamp ?? undefined;
  if (given !== undefined && original !== undefined && given !== original) {
    return { timestamp: given };
  }
  return { timestamp: given ?? original, sent_at: sentAt ?? around.sentAt };
}

function propertiesOf(call: SegmentCall, message: Record<string, unknown>): unknown {
  switch (call) {
    case 'track':
      return message.properties;
    case 'page':
    case 'screen':
      return plus(message.properties, { name: message.name, category: message.category });
    case 'identify':
      return message.traits;
    case 'group':
      return plus(message.traits, { group_id: message.groupId });
    case 'alias':
      return plus(message.properties, { previous_id: message.previousId });
  }
}

/** What is not an object stays as it is, and is refused for it later. */
function plus(properties: unknown, more: Record<string, unknown>): unknown {
  if (properties === undefined || properties === null) return more;
  if (!isRecord(properties)) return properties;
  const given = Object.entries(more).filter(([, value]) => value !== undefined && value !== null);
  return { ...properties, ...Object.fromEntries(given) };
}

const isCall = (name: unknown): name is SegmentCall => segmentCalls.some((call) => call === name);

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : `of type ${typeof value}`;

/** A message sent to a path of its own need not say its call; what is kept of it must. */
function withCall(raw: Uint8Array, item: unknown, call: SegmentCall): Uint8Array {
  if (!isRecord(item) || item.type !== undefined) return raw;
  const comma = Object.keys(item).length === 0 ? '' : ',';
  return Buffer.concat([Buffer.from(`{"type":"${call}"${comma}`), raw.subarray(1)]);
}
