import { idOfName } from './event-id.ts';
import type { IncomingBatch, IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import { type JsonItems, readJsonValue } from './read-json.ts';
import { Refusal } from './refusals.ts';
import { contextWithRest } from './rest-of-envelope.ts';

/**
 * Reads CloudEvents 1.0 out of JSON: one in structured mode, or a batch.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 *
 * `type`, `time` and `data` become type, timestamp and properties; the id is
 * `source`, a space, `id`; every other attribute is kept in `context`.
 */
export function cloudEventsBatch({ items, raw }: JsonItems): IncomingBatch {
  const events = items.map((item) => {
    if (item instanceof Refusal) return item;
    if (!isRecord(item)) return new Refusal('not_an_object');
    return cloudEvent(item);
  });
  // Ids are put together here, from strings that need a look.
  return { protocol: 'cloudevents', events, plainStrings: false, raw };
}

/**
 * Reads one CloudEvent in binary mode: its attributes in `ce-` headers, its data
 * in the body. What is kept of it, should it be refused, is the same event in
 * structured mode.
 *
 * @param headers with lower-case names.
 * @throws MillraceError `invalid_body` if the body should be JSON and is not.
 */
export function binaryCloudEvent(
  headers: { readonly [name: string]: string | string[] | undefined },
  body: Buffer,
): IncomingBatch {
  const attributes: Record<string, unknown> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith('ce-') && typeof value === 'string') {
      attributes[header.slice(3)] = decoded(value);
    }
  }
  const contentType = headers['content-type'];
  if (typeof contentType === 'string') attributes.datacontenttype = contentType;
  const json = isJson(attributes.datacontenttype);
  const data = body.length === 0 ? undefined : json ? readJsonValue(body) : body.toString();
  const event = data instanceof Refusal ? data : cloudEvent({ ...attributes, data });
  const raw = (): Buffer => {
    const around = JSON.stringify(attributes).slice(0, -1);
    if (body.length === 0) return Buffer.from(`${around}}`);
    return json
      ? Buffer.concat([Buffer.from(`${around},"data":`), body, Buffer.from('}')])
      : Buffer.from(`${around},"data_base64":"${body.toString('base64')}"}`);
  };
  return { protocol: 'cloudevents', events: [event], plainStrings: false, raw };
}

/** Header values are percent-encoded UTF-8 (section 3.1.3.2 of the HTTP binding). */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A sender that encodes nothing may well send a bare percent sign.
    return value;
  }
}

const taken = new Set(['specversion', 'type', 'time', 'data', 'data_base64']);

function cloudEvent(event: Record<string, unknown>): IncomingEvent | Refusal {
  const { specversion, id, source, type, time } = event;
  if (typeof specversion !== 'string' || !specversion.startsWith('1.')) {
    return new Refusal('not_a_cloudevent', 'specversion must be "1.0".');
  }
  if (typeof id !== 'string' || typeof source !== 'string' || id === '' || source === '') {
    return new Refusal('not_a_cloudevent', 'id and source must be strings that are not empty.');
  }
  const properties = propertiesOf(event);
  if (properties instanceof Refusal) return properties;
  const context = contextWithRest(event, taken, undefined);
  if (context instanceof Refusal) return context;
  return { event_id: eventId(source, id), type, timestamp: time, properties, context };
}

/** Ids are unique within their source alone. */
const eventId = (source: string, id: string): string => idOfName(`${source} ${id}`);

function propertiesOf({ data, data_base64, datacontenttype }: Record<string, unknown>): unknown {
  if (data === undefined && typeof data_base64 === 'string' && isJson(datacontenttype)) {
    try {
      return readJsonValue(Buffer.from(data_base64, 'base64'));
    } catch {
      return new Refusal('invalid_json', 'data_base64 is not JSON.');
    }
  }
  if (data === undefined && data_base64 !== undefined) {
    return new Refusal('wrong_type', 'data must be a JSON object.');
  }
  if (data === undefined || data === null || isRecord(data)) return data;
  return new Refusal('wrong_type', 'data must be a JSON object.');
}

/** Without a content type the data of a JSON event is JSON. */
const isJson = (contentType: unknown): boolean =>
  contentType === undefined ||
  (typeof contentType === 'string' && /^\s*\w+\/(\S+\+)?json\s*(;|$)/i.test(contentType));
