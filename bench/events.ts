import { eventWriter } from '../packages/millrace/src/collect/event-writer.ts';
import { defaultCollectLimits } from '../packages/millrace/src/collect/limits.ts';
import type { Plan } from '../packages/millrace/src/plan/plan.ts';
import { Random } from '../tests/support/random.ts';
import { type Gaps, Template } from './template.ts';

/** Every event is made with this time and a number of 0, which templates then overwrite. */
const timeMs = Date.UTC(2020, 0, 1);
const iso = new Date(timeMs).toISOString();
const noNumber = '0'.repeat(12);

const idNumber = /(?<=-)0{12}(?=")/g;
const asSent: Gaps = { counters: [idNumber], times: new RegExp(iso.replace('.', '\\.'), 'g') };
const asStored: Gaps = { counters: [idNumber], times: new RegExp(String(timeMs), 'g') };

interface ShopEvent {
  readonly event_id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly properties: Readonly<Record<string, string | number>>;
}

const random = new Random(20_240_917);
const categories = ['garden', 'kitchen', 'toys', 'books', 'lighting', 'stationery'];
const hex = (digits: number): string =>
  Math.floor(random.next() * 16 ** digits)
    .toString(16)
    .padStart(digits, '0');

function shopEvent(): ShopEvent {
  const price = `${random.between(1, 499)}.${random.between(10, 99)}`;
  const product_id = `product-${random.between(1, 5_000)}`;
  const chance = random.next();
  const [type, properties] =
    chance < 0.6
      ? ['view', { product_id, category: random.pick(categories), price }]
      : chance < 0.8
        ? ['click', { element: `#buy-button-${random.between(1, 40)}`, product_id }]
        : chance < 0.92
          ? ['add_to_cart', { product_id, quantity: random.between(1, 9), price }]
          : ['purchase', { order_id: `order-${hex(8)}`, currency: 'GBP', price }];
  return {
    event_id: `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${noNumber}`,
    type: String(type),
    timestamp: iso,
    user_id: `user-${random.between(1, 100_000)}`,
    session_id: `session-${hex(12)}`,
    properties: Object.fromEntries(Object.entries(properties ?? {})),
  };
}

const shopEvents = (count: number): readonly ShopEvent[] =>
  Array.from({ length: count }, shopEvent);

/** A request to `/v1/events` with its head: one event as an object, more as an array. */
export function requestTemplate(events: number): Template {
  const sent = shopEvents(events);
  const body = JSON.stringify(events === 1 ? sent[0] : sent);
  const head = `POST /v1/events HTTP/1.1\r\nHost: millrace\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return new Template(head + body, events, asSent);
}

/** The body alone. */
export function bodyTemplate(events: number): Template {
  return new Template(JSON.stringify(shopEvents(events)), events, asSent);
}

/** Rows for the reference's table: properties are columns. */
export function referenceRowsTemplate(events: number): Template {
  const rows = shopEvents(events).map(
    ({ properties, ...rest }) =>
      `${JSON.stringify({ ...rest, timestamp: timeMs, ...properties })}\n`,
  );
  return new Template(rows.join(''), events, asStored);
}

/** Lines as the loader gives them to the store: canonical. */
export function ownRowsTemplate(events: number, plan: Plan): Template {
  const write = eventWriter(
    plan,
    defaultCollectLimits,
  )({ receivedAt: timeMs, appendedAt: timeMs, arrival: 'timestamp', plainStrings: true });
  const rows = shopEvents(events).map((event) => `${write(event).line}\n`);
  return new Template(rows.join(''), events, asStored);
}
