import type { LogRecord } from '../ports/log.ts';
import type { IncomingEvent, Protocol } from './incoming.ts';
import type { Refusal } from './refusals.ts';
import { uuidV7 } from './uuid-v7.ts';

/** A refused event as it is kept. `raw` is exactly what came, so that it can be sent again after a fix. */
export function deadLetter(
  refusal: Refusal,
  event: IncomingEvent | Refusal,
  raw: Uint8Array,
  protocol: Protocol,
  receivedAt: number,
  rawBytesMax: number,
): LogRecord {
  const { event_id, type } = readable(event);
  const cut = raw.length > rawBytesMax;
  const reason = cut
    ? `${refusal.message} Of its ${raw.length} bytes the first ${rawBytesMax} are kept.`
    : refusal.message;
  const value = JSON.stringify({
    received_at: receivedAt,
    code: refusal.code,
    reason,
    event_id,
    type,
    protocol,
    raw_base64: Buffer.from(raw.subarray(0, rawBytesMax)).toString('base64'),
  });
  return { key: uuidV7(receivedAt), value };
}

/** Id and type of what was refused, as far as they are strings of a sane length. */
export function readable(event: IncomingEvent | Refusal): { event_id?: string; type?: string } {
  return {
    ...('event_id' in event ? shortString('event_id', event.event_id) : {}),
    ...('type' in event ? shortString('type', event.type) : {}),
  };
}

const shortString = <Name extends string>(
  name: Name,
  value: unknown,
): { [key in Name]?: string } | Record<never, never> =>
  typeof value === 'string' && value !== ''
    ? { [name]: value.slice(0, 200).replace(/\p{Surrogate}/gu, '\ufffd') }
    : {};
