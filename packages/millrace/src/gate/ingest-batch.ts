import { cloudEventsBatch } from '../collect/cloudevents.ts';
import { idOfName } from '../collect/event-id.ts';
import type { IncomingBatch } from '../collect/incoming.ts';
import { isRecord } from '../collect/is-record.ts';
import type { CollectLimits } from '../collect/limits.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { Refusal } from '../collect/refusals.ts';
import { MillraceError } from '../errors.ts';
import type { IngestRecord } from '../ports/ingest-reader.ts';

export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * The events of a record: one, or several as a body over HTTP has them, in
 * Millrace's own shape or as CloudEvents in structured mode. One without an id
 * gets its place for one, so that it is the same event however often it is read.
 */
export function ingestBatch(
  { value }: IngestRecord,
  place: RecordPlace,
  limits: CollectLimits,
): IncomingBatch {
  const bytes = Buffer.from(value ?? new Uint8Array());
  const batch = read(bytes, limits);
  const several = batch.events.length > 1;
  const events = batch.events.map((event, index) => {
    if (event instanceof Refusal || (event.event_id !== undefined && event.event_id !== null)) {
      return event;
    }
    return { ...event, event_id: placeId(place, several ? index : null) };
  });
  return { ...batch, events };
}

function read(bytes: Buffer, limits: CollectLimits): IncomingBatch {
  try {
    const json = readJson(bytes, false, limits);
    const [first] = json.items;
    const isCloudEvent = isRecord(first) && typeof first.specversion === 'string';
    return isCloudEvent ? cloudEventsBatch(json) : nativeBatch(json);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const events = [new Refusal('invalid_json', error.message)];
    return { protocol: 'native', events, plainStrings: false, raw: () => bytes };
  }
}

const placeId = ({ topic, partition, offset }: RecordPlace, index: number | null): string =>
  idOfName([topic, partition, offset, ...(index === null ? [] : [index])].join('/'));
