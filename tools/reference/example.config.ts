import {
  alert,
  array,
  count,
  decimal,
  definePipeline,
  event,
  int32,
  object,
  optional,
  rollup,
  string,
  sum,
  uniq,
  window,
} from 'millrace';

// What the reference shows tables and paths of.
export default definePipeline({
  name: 'shop',
  events: {
    view: event({ product_id: string() }),
    purchase: event({
      order_id: string(),
      value: decimal(18, 2),
      currency: string(),
      address: optional(object({ city: string() })),
      items: array(object({ product_id: string(), quantity: int32() })),
    }),
  },
  keep: '730d',
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['currency', 'address.city'],
      measures: { orders: count(), revenue: sum('value'), buyers: uniq('user_id') },
    }),
  ],
  windows: [
    window('busy_users', {
      from: 'purchase',
      tumbling: '1m',
      by: ['user_id'],
      measures: { orders: count(), spent: sum('value') },
      having: { orders: { gte: 10 } },
    }),
  ],
  alerts: [alert('many_orders', { on: 'busy_users', webhook: 'https://example.com/many-orders' })],
});
