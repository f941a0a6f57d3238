// A week of a small shop, the same each time but for when it ends.
const hourMs = 3_600_000;
const hours = 7 * 24;
const currencies = ['EUR', 'EUR', 'EUR', 'USD', 'USD', 'GBP'];
const categories = ['shoes', 'shirts', 'hats', 'bags'];

/** More by day than by night, and a little more each day. */
const visitsIn = (hour: number, sinceStart: number): number =>
  Math.round(
    14 + 9 * Math.sin((2 * Math.PI * ((hour % 24) - 9)) / 24) + sinceStart / 20 + 3 * noise(hour),
  );

/** From -1 to 1, without chance. */
const noise = (n: number): number => Math.sin(n * 12.9898 + Math.sin(n * 78.233));

export interface ShopEvent {
  readonly event_id: string;
  readonly type: 'view' | 'add_to_cart' | 'purchase';
  readonly user_id: string;
  readonly timestamp: string;
  readonly properties: object;
}

export function history(untilMs: number): readonly ShopEvent[] {
  const first = Math.floor(untilMs / hourMs) - hours;
  return Array.from({ length: hours }, (_, at) =>
    Array.from({ length: visitsIn(first + at, at) }, (_, n) => visit(first + at, n)).flat(),
  ).flat();
}

function visit(hour: number, n: number): readonly ShopEvent[] {
  const key = hour * 31 + n * 7;
  const product_id = `${categories[key % categories.length]}-${key % 12}`;
  const price = (10 + Math.abs(noise(key)) * 90).toFixed(2);
  const of = (type: ShopEvent['type'], minutes: number, properties: object): ShopEvent => ({
    event_id: `${type}-${hour}-${n}`,
    type,
    user_id: `shopper-${key % 400}`,
    timestamp: new Date(hour * hourMs + (((n * 11) % 50) + minutes) * 60_000).toISOString(),
    properties,
  });
  const view = of('view', 0, { product_id, category: categories[key % categories.length], price });
  const cart = of('add_to_cart', 2, { product_id, quantity: 1, price });
  const purchase = of('purchase', 6, {
    order_id: `order-${hour}-${n}`,
    value: price,
    currency: currencies[key % currencies.length],
    items: [{ product_id, quantity: 1, price }],
  });
  return [view, ...(key % 2 === 0 ? [cart] : []), ...(key % 5 === 0 ? [purchase] : [])];
}

/** An order of it to look at by itself. */
export function lastOrder(events: readonly ShopEvent[]): string {
  const order = events.findLast(({ type }) => type === 'purchase');
  if (order === undefined) throw new Error('Nobody bought anything.');
  return order.event_id;
}
