import { randomOf } from './random.ts';
import { type ShopEvent, type ShopOptions, shopEvents } from './shop-events.ts';

/** How the events of a request are written. */
export type Form = 'object' | 'array' | 'batch' | 'ndjson';

/** One request: which events, and how they are sent. */
export interface Delivery {
  readonly events: readonly ShopEvent[];
  readonly form: Form;
  readonly gzip: boolean;
  /** True if all of it was delivered before: a sender that missed the answer, or asks too often. */
  readonly repeat: boolean;
}

const batchMaxMs = 500;
const batchEventsMax = 500;
const singleShare = 0.4;
const repeatShare = 0.04;
const gzipShare = 0.25;
const remembered = 40;

/** The events of the shop in requests, cut at random; some come again, cut differently. */
export function* deliveries(options: ShopOptions): Generator<Delivery, never> {
  const events = shopEvents(options);
  // A stream of its own: how events are cut does not change what they are.
  const random = randomOf(options.seed ^ 0x5eed);
  const largest = Math.max(1, Math.min(batchEventsMax, (options.rate * batchMaxMs) / 1000));
  const recent: ShopEvent[] = [];

  for (;;) {
    const count = random.chance(singleShare) ? 1 : random.int(1, Math.floor(largest));
    const fresh = Array.from({ length: count }, () => events.next().value);
    yield delivery(fresh, false);
    recent.push(...fresh);
    recent.splice(0, recent.length - remembered);
    if (random.chance(repeatShare)) {
      const from = random.int(0, recent.length - 1);
      yield delivery(recent.slice(from, from + random.int(1, recent.length - from)), true);
    }
  }

  function delivery(chosen: readonly ShopEvent[], repeat: boolean): Delivery {
    const form: Form =
      chosen.length === 1 && random.chance(0.8)
        ? 'object'
        : random.pick<Form>(['array', 'batch', 'ndjson']);
    return { events: chosen, form, gzip: random.chance(gzipShare), repeat };
  }
}

/** The text of a request's body. */
export function bodyOf({ events, form }: Delivery): string {
  const bodies = events.map(({ body }) => body);
  switch (form) {
    case 'object':
      return JSON.stringify(bodies[0]);
    case 'array':
      return JSON.stringify(bodies);
    case 'batch':
      return JSON.stringify({ batch: bodies });
    case 'ndjson':
      return `${bodies.map((body) => JSON.stringify(body)).join('\n')}\n`;
  }
}
