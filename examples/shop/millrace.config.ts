import {
  array,
  count,
  decimal,
  definePipeline,
  event,
  int32,
  object,
  quantiles,
  rollup,
  string,
  sum,
  uniq,
} from 'millrace';

// One definition: what a shop sends, and the numbers it wants kept.
// Millrace makes the checks, the tables and the rollups from it.
export default definePipeline({
  name: 'shop',

  // Each event also carries an id, a timestamp, and who it was: user_id,
  // anonymous_id, session_id. Only what is particular to it is declared here.
  events: {
    view: event({ product_id: string(), category: string(), price: decimal(18, 2) }),
    click: event({ element: string() }),
    add_to_cart: event({ product_id: string(), quantity: int32(), price: decimal(18, 2) }),
    purchase: event(
      {
        order_id: string(),
        value: decimal(18, 2),
        currency: string(),
        items: array(object({ product_id: string(), quantity: int32(), price: decimal(18, 2) })),
      },
      // Segment's shop plugins call it so.
      { aliases: ['Order Completed'], rename: { total: 'value', products: 'items' } },
    ),
  },

  // An id seen within a day is the same event sent again, and is dropped.
  dedup: { window: '24h' },
  // Events up to ten seconds old are on time. Later ones are marked, and counted all the same.
  lateness: '10s',

  // Each rollup is a table to ask: SELECT * FROM revenue_per_minute ORDER BY bucket
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['currency'],
      measures: {
        orders: count(),
        revenue: sum('value'),
        buyers: uniq('user_id'),
        order_value: quantiles('value', [0.5, 0.95]),
      },
    }),
    rollup('product_views_per_hour', {
      from: 'view',
      every: 'hour',
      by: ['category', 'product_id'],
      measures: { views: count(), viewers: uniq('anonymous_id') },
    }),
    rollup('large_orders_per_day', {
      from: 'purchase',
      every: 'day',
      by: ['currency'],
      where: { value: { gte: '250.00' } },
      measures: { orders: count(), revenue: sum('value') },
    }),
    rollup('visitors_per_minute', {
      from: ['view', 'click', 'add_to_cart', 'purchase'],
      every: 'minute',
      measures: { visitors: uniq('anonymous_id'), sessions: uniq('session_id') },
      keep: '90d',
    }),
    rollup('events_per_second', {
      from: ['view', 'click', 'add_to_cart', 'purchase'],
      every: 'second',
      by: ['type'],
      measures: { events: count() },
      keep: '2d',
    }),
  ],
});
