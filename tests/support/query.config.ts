import { count, decimal, definePipeline, event, oneOf, rollup, sum } from 'millrace';

export default definePipeline({
  name: 'asked',
  events: { purchase: event({ value: decimal(18, 2), currency: oneOf('EUR', 'GBP') }) },
  rollups: [
    rollup('by_hour', {
      from: 'purchase',
      every: 'hour',
      by: ['currency'],
      measures: { orders: count(), revenue: sum('value') },
    }),
  ],
});
