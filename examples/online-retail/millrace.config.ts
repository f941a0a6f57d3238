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

// What stands on one line of an invoice. The source has up to three digits
// after the point, and decimals are exact: nothing is rounded on the way.
const line = {
  invoice: string(),
  stock_code: string(),
  description: optional(string()),
  quantity: int32(),
  unit_price: decimal(18, 3),
  amount: decimal(18, 3),
  country: string(),
};

export default definePipeline({
  name: 'online_retail',
  events: {
    purchase: event(line),
    // Comes with a negative quantity, so that sums over both are what is left.
    cancellation: event(line),
  },
  rollups: [
    rollup('revenue_per_day', {
      from: ['purchase', 'cancellation'],
      every: 'day',
      by: ['country'],
      measures: {
        lines: count(),
        quantity: sum('quantity'),
        revenue: sum('amount'),
        customers: uniq('user_id'),
      },
    }),
    rollup('products_per_month', {
      from: 'purchase',
      every: 'month',
      by: ['stock_code'],
      measures: { quantity: sum('quantity'), revenue: sum('amount') },
    }),
  ],
});
