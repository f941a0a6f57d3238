import type { SentEvent } from './sent-event.ts';

/** A way in which senders get an event wrong. */
export interface Mistake {
  /** The code with which the collector refuses it. */
  readonly code: string;
  readonly spoil: (event: SentEvent) => unknown;
}

const mistake = (code: string, spoil: (event: SentEvent) => unknown): Mistake => ({ code, spoil });

const view = (properties: { readonly [name: string]: unknown }) => ({
  product_id: 'cap',
  category: 'accessories',
  price: '19.95',
  ...properties,
});

export const mistakes: readonly Mistake[] = [
  mistake('unknown_event_type', (event) => ({ ...event, type: 'veiw' })),
  mistake('missing_type', ({ type: _, ...event }) => event),
  mistake('missing_property', (event) => ({ ...event, type: 'purchase', properties: {} })),
  mistake('wrong_type', (event) => ({
    ...event,
    type: 'add_to_cart',
    properties: { product_id: 'cap', quantity: 'two', price: '19.95' },
  })),
  mistake('decimal_too_precise', (event) => ({
    ...event,
    type: 'view',
    properties: view({ price: '19.949' }),
  })),
  mistake('number_out_of_range', (event) => ({
    ...event,
    type: 'add_to_cart',
    properties: { product_id: 'cap', quantity: 3_000_000_000, price: '19.95' },
  })),
  mistake('nul_character', (event) => ({
    ...event,
    type: 'view',
    properties: view({ product_id: 'cap\u0000' }),
  })),
  mistake('bad_timestamp', (event) => ({ ...event, timestamp: 'yesterday' })),
  mistake('timestamp_in_future', (event) => ({
    ...event,
    timestamp: new Date(Date.parse(event.timestamp) + 3 * 86_400_000).toISOString(),
  })),
  mistake('event_id_too_long', (event) => ({
    ...event,
    event_id: event.event_id.padEnd(129, '-'),
  })),
];
