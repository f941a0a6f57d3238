import {
  count,
  decimal,
  definePipeline,
  event,
  max,
  min,
  optional,
  rollup,
  string,
  sum,
  uniq,
} from 'millrace';

/** The pipeline under the ledger: two types, a late one now and then, several rollups. */
export default definePipeline({
  name: 'ledger',
  events: {
    view: event({ product_id: string(), price: decimal(18, 2) }),
    purchase: event({ product_id: string(), price: decimal(18, 2), currency: optional(string()) }),
  },
  lateness: '5s',
  rollups: [
    rollup('by_minute', {
      from: ['view', 'purchase'],
      every: 'minute',
      by: ['type', 'product_id'],
      measures: {
        events: count(),
        amount: sum('price'),
        lowest: min('price'),
        highest: max('price'),
        people: uniq('user_id'),
      },
    }),
    rollup('purchases_by_day', {
      from: 'purchase',
      every: 'day',
      by: ['currency'],
      measures: { orders: count(), amount: sum('price') },
    }),
  ],
});
