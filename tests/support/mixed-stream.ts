import fc from 'fast-check';
import type { CanonicalEvent } from '../../packages/millrace/src/compile/clickhouse/naive.suite.ts';
import { events } from '../../packages/millrace/src/compile/clickhouse/random-events.suite.ts';

/** A stream as senders give it, and what must become of it by a count of our own. */
export interface MixedStream {
  /** Bodies of requests, in their order. */
  readonly batches: readonly (readonly unknown[])[];
  /** The first event of each id that is in order. */
  readonly kept: readonly CanonicalEvent[];
  /** The code of each event that is not, in the order of the stream. */
  readonly refused: readonly string[];
}

const dayMs = 86_400_000;
const hasHappened = Date.parse('2026-11-01');

/** Ids of all shapes: short, unicode, with what other languages quote, and as long as may be. */
const idOf = (i: number): string =>
  [`${i}`, `é${i}`, `"${i}'`, `${i} \\ \``, `😀/${i}`, `${i}`.padEnd(128, 'x')][i % 6] ?? `${i}`;

/** What is wrong with an event, and how it is refused. */
const faults: readonly (readonly [code: string, make: (id: string) => unknown])[] = [
  ['unknown_event_type', (id) => ({ event_id: id, type: 'nothing' })],
  ['missing_property', (id) => ({ event_id: id, type: 'sale', properties: {} })],
  ['missing_type', (id) => ({ event_id: id })],
  ['not_an_object', () => 7],
  ['event_id_too_long', (id) => ({ event_id: id.padEnd(129, 'y'), type: 'ping' })],
  ['bad_timestamp', (id) => ({ event_id: id, type: 'ping', timestamp: 'yesterday' })],
  [
    'timestamp_in_future',
    (id) => ({ event_id: id, type: 'ping', timestamp: new Date(2250, 0).toISOString() }),
  ],
  ['nul_character', (id) => ({ event_id: id, type: 'ping', user_id: 'a\0b' })],
  [
    'decimal_too_precise',
    (id) => ({
      event_id: id,
      type: 'refund',
      properties: { money: '1.005', place: { city: 'Rome', inner: {} } },
    }),
  ],
  [
    'not_in_enum',
    (id) => ({
      event_id: id,
      type: 'refund',
      properties: { kind: 'x', place: { city: 'Rome', inner: {} } },
    }),
  ],
];

/** What a sale has as well. */
export const inNoRollup = {
  amounts: ['0.10', '-3'],
  grid: [[1, 2], [], [3]],
  lines: [{ sku: 'é', price: '1.00', at: '2026-01-01T00:00:00Z' }],
};

/** Duplicates near and far, some of which say something else; events out of order; bad ones between. */
export function mixedStream(seed: number, { lists }: { readonly lists: number }): MixedStream {
  const all = fc.sample(events, { numRuns: lists, seed }).flat();
  const kept: CanonicalEvent[] = [];
  const refused: string[] = [];
  const stream: unknown[] = [];
  for (const [i, event] of all.entries()) {
    const event_id = idOf(i);
    // All of them lie in the past, whenever this runs, and so are late.
    const timestamp =
      event.timestamp < hasHappened ? event.timestamp : (event.timestamp % (300 * dayMs)) + dayMs;
    const { type, properties, user_id } = event;
    const sent = {
      event_id,
      type,
      timestamp: new Date(timestamp).toISOString(),
      properties: type === 'sale' ? { ...properties, ...inNoRollup } : properties,
      ...(user_id === undefined ? {} : { user_id }),
    };
    stream.push(sent);
    kept.push({ ...event, event_id, timestamp, late: true });
    if (i % 5 === 0) stream.push(sent);
    if (i % 7 === 0 && i > 50) stream.push({ ...sent, event_id: idOf(i - 50), user_id: 'other' });
    const fault = faults[i % 11];
    if (fault) {
      stream.push(fault[1](`bad ${i}`));
      refused.push(fault[0]);
    }
  }
  const batches: unknown[][] = [];
  for (let at = 0; at < stream.length; at += 60) batches.push(stream.slice(at, at + 60));
  return { batches, kept, refused };
}
