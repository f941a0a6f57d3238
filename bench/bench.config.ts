import {
  count,
  decimal,
  definePipeline,
  event,
  int32,
  optional,
  rollup,
  string,
  sum,
  uniq,
} from 'millrace';

export const byMinute = rollup('by_minute', {
  from: ['view', 'click', 'add_to_cart', 'purchase'],
  every: 'minute',
  by: ['type'],
  measures: { events: count(), amount: sum('price'), people: uniq('user_id') },
});

/** A shop with one rollup, which does the same work as the view of the reference. */
export default definePipeline({
  name: 'bench',
  events: {
    view: event({ product_id: string(), category: string(), price: decimal(18, 2) }),
    click: event({ element: string(), product_id: string(), price: optional(decimal(18, 2)) }),
    add_to_cart: event({ product_id: string(), quantity: int32(), price: decimal(18, 2) }),
    purchase: event({ order_id: string(), currency: string(), price: decimal(18, 2) }),
  },
  rollups: [byMinute],
});
