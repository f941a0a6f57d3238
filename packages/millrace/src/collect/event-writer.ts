import type { EventPlan, Plan } from '../plan/plan.ts';
import { idBytesMax } from './event-id.ts';
import type { IncomingEvent } from './incoming.ts';
import { isRecord } from './is-record.ts';
import type { CollectLimits } from './limits.ts';
import { objectWriter, propertyWriter, type Write } from './property-writer.ts';
import { quoteChecked, quotePlain } from './quote.ts';
import { Refusal } from './refusals.ts';
import { requireTime, timeMin } from './time.ts';
import { type Pass, writeUndeclared } from './undeclared.ts';
import { uuidV7 } from './uuid-v7.ts';

/** The times one batch has in common. */
export interface Arrival {
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly appendedAt: number;
  /** What the event's own line says: these times, or its timestamp for both. */
  readonly arrival: 'now' | 'timestamp';
  /** Windows up to here (epoch ms) are out: what happened before is late. */
  readonly watermarkMs?: number;
  readonly plainStrings: boolean;
}

export interface WrittenEvent {
  readonly eventId: string;
  /** True if the sender gave no id. */
  readonly assigned: boolean;
  readonly late: boolean;
  /** One line of canonical JSON. */
  readonly line: string;
}

/** @throws Refusal */
export type WriteEvent = (event: IncomingEvent) => WrittenEvent;

/**
 * Compiles a plan into the function that checks events and writes them in
 * canonical form:
 *
 * ```
 * {"event_id":"…","type":"…","timestamp":ms,"received_at":ms,"appended_at":ms,"late":false,
 *  "user_id":"…","anonymous_id":"…","session_id":"…","properties":{…},"context":{…}}
 * ```
 *
 * in this order, with what is null or empty left out. Declared properties come
 * in the order of the plan, all other names sorted; int64 and decimals are
 * strings, times epoch milliseconds. Writing what was written changes nothing.
 */
export function eventWriter(plan: Plan, limits: CollectLimits): (arrival: Arrival) => WriteEvent {
  const byName = typesByName(plan);

  return ({ receivedAt, appendedAt, arrival, watermarkMs, plainStrings }) => {
    const quote = plainStrings ? quotePlain : quoteChecked;
    const pass: Pass = { quote, depthMax: limits.depthMax, namesLeft: 0 };
    const stated = arrival === 'timestamp';
    const stamp = stampOf(receivedAt, appendedAt);
    const lateBefore = stated
      ? Number.NEGATIVE_INFINITY
      : Math.max(appendedAt - plan.allowedLatenessMs, watermarkMs ?? Number.NEGATIVE_INFINITY);
    const oldest = Math.max(timeMin, plan.keepMs === null ? timeMin : appendedAt - plan.keepMs);
    const newest = receivedAt + plan.futureMaxMs;

    const timestampOf = (event: IncomingEvent): number => {
      if (event.timestamp === undefined || event.timestamp === null) return receivedAt;
      let time = requireTime(event.timestamp, 'timestamp');
      if (event.sent_at !== undefined && event.sent_at !== null) {
        time += receivedAt - requireTime(event.sent_at, 'sent_at');
      } else if (typeof event.timestamp === 'number' && !stated) {
        refuseSeconds(event.timestamp, receivedAt);
      }
      if (time > newest) {
        throw new Refusal(
          'timestamp_in_future',
          `timestamp is ${time - receivedAt} ms ahead; ${plan.futureMaxMs} ms are allowed.`,
        );
      }
      if (time < oldest) {
        throw new Refusal(
          'timestamp_too_old',
          plan.keepMs === null || oldest === timeMin
            ? 'timestamp lies before 1900.'
            : `timestamp is ${appendedAt - time} ms old; the pipeline keeps ${plan.keepMs} ms.`,
        );
      }
      return time;
    };

    return (event) => {
      const type = writersOf(event.type, byName);
      const assigned = event.event_id === undefined || event.event_id === null;
      const eventId = assigned ? uuidV7(receivedAt) : checkedId(event.event_id);
      const timestamp = timestampOf(event);
      const late = timestamp < lateBefore;
      pass.namesLeft = limits.namesMax;

      const arrived = Math.min(timestamp, receivedAt);
      const times = stated ? stampOf(arrived, arrived) : stamp;
      let line = `{"event_id":${quote(eventId)},${type.head}${timestamp}${times}${late}`;
      line += writeId(event.user_id, ',"user_id":', pass);
      line += writeId(event.anonymous_id, ',"anonymous_id":', pass);
      line += writeId(event.session_id, ',"session_id":', pass);
      const properties = type.write(event.properties ?? noProperties, pass);
      if (properties !== '{}') line += `,"properties":${properties}`;
      if (event.context !== undefined && event.context !== null) {
        line += writeContext(event.context, pass, limits);
      }
      line += '}';
      checkSize(line, limits);
      return { eventId, assigned, late, line };
    };
  };
}

const noProperties = {};

const stampOf = (receivedAt: number, appendedAt: number): string =>
  `,"received_at":${receivedAt},"appended_at":${appendedAt},"late":`;

interface TypeWriters {
  /** `"type":"…","timestamp":` */
  readonly head: string;
  readonly write: Write;
}

/** The writers of each event type, under its name and its aliases. */
function typesByName(plan: Plan): ReadonlyMap<string, TypeWriters> {
  const byName = new Map<string, TypeWriters>();
  for (const event of plan.events) {
    const writers = {
      head: `"type":${JSON.stringify(event.type)},"timestamp":`,
      write: propertiesWriter(event, plan),
    };
    for (const name of [event.type, ...event.aliases]) byName.set(name, writers);
  }
  return byName;
}

const propertiesDepth = 2;

function propertiesWriter(event: EventPlan, plan: Plan): Write {
  const sentAs = (name: string): string[] =>
    Object.keys(event.renames).filter((sent) => event.renames[sent] === name);
  const members = event.properties.map((property) => ({
    ...property,
    sentAs: sentAs(property.name),
  }));
  const write = objectWriter(
    members,
    '',
    propertiesDepth,
    event.undeclared,
    event.undeclared === 'keep' ? writersOfOthers(event, plan) : undefined,
  );
  return (value, pass) => {
    if (!isRecord(value)) throw new Refusal('wrong_type', 'properties must be an object.');
    return write(value, pass);
  };
}

/**
 * One name has one type across a pipeline: the store has one typed column for
 * it, so what this event does not declare must fit where another one does.
 */
function writersOfOthers(event: EventPlan, plan: Plan): ReadonlyMap<string, Write> {
  const own = new Set(event.properties.map(({ name }) => name));
  const writers = new Map<string, Write>();
  for (const { properties } of plan.events) {
    for (const { name, type } of properties) {
      if (own.has(name) || writers.has(name)) continue;
      writers.set(name, propertyWriter(type, name, propertiesDepth + 1, event.undeclared));
    }
  }
  return writers;
}

function writersOf(type: unknown, byName: ReadonlyMap<string, TypeWriters>): TypeWriters {
  if (type === undefined || type === null || type === '') throw new Refusal('missing_type');
  if (typeof type !== 'string') throw new Refusal('wrong_type', 'type must be a string.');
  const writers = byName.get(type);
  if (writers !== undefined) return writers;
  throw new Refusal(
    'unknown_event_type',
    `The pipeline has no event ${JSON.stringify(type.slice(0, 100))}.`,
  );
}

function checkedId(id: unknown): string {
  if (typeof id !== 'string' || id === '') throw new Refusal('event_id_invalid');
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (id.length * 3 > idBytesMax && Buffer.byteLength(id) > idBytesMax) {
    throw new Refusal(
      'event_id_too_long',
      `event_id has ${Buffer.byteLength(id)} bytes of ${idBytesMax}.`,
    );
  }
  return id;
}

/** Ids of people and sessions are strings; integers, as databases have them, are taken as such. */
function writeId(value: unknown, head: string, pass: Pass): string {
  if (typeof value === 'string') return head + pass.quote(value);
  if (value === undefined || value === null) return '';
  if (Number.isSafeInteger(value) || typeof value === 'bigint') return `${head}"${value}"`;
  throw new Refusal('wrong_type', `${head.slice(2, -2)} must be a string.`);
}

function writeContext(context: unknown, pass: Pass, limits: CollectLimits): string {
  if (!isRecord(context)) throw new Refusal('wrong_type', 'context must be an object.');
  pass.namesLeft = limits.namesMax;
  const text = writeUndeclared(context, 'context', propertiesDepth, pass);
  return text === '{}' ? '' : `,"context":${text}`;
}

function checkSize(line: string, limits: CollectLimits): void {
  const { eventBytesMax } = limits;
  if (line.length * 3 <= eventBytesMax) return;
  const bytes = Buffer.byteLength(line);
  if (bytes <= eventBytesMax) return;
  throw new Refusal('event_too_large', `The event has ${bytes} bytes of ${eventBytesMax}.`);
}

const yearMs = 366 * 24 * 3_600_000;

/** Seconds where milliseconds belong would be stored as a day in January 1970, and be found there by nobody. */
function refuseSeconds(timestamp: number, receivedAt: number): void {
  const asSeconds = timestamp * 1000;
  if (Math.abs(asSeconds - receivedAt) < yearMs && receivedAt > 20 * yearMs) {
    throw new Refusal(
      'bad_timestamp',
      'timestamp is a number of seconds, as it seems; send milliseconds, or ISO 8601.',
    );
  }
}
