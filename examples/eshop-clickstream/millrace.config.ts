import { count, definePipeline, event, int32, rollup, string, uniq } from 'millrace';

export default definePipeline({
  name: 'eshop_clickstream',
  events: {
    click: event({
      /** Its place among the clicks of the session, from 1. */
      position: int32(),
      /** How deep into the list of products: 1 to 5. */
      page: int32(),
      category: string(),
      product: string(),
      price: int32(),
      country: string(),
    }),
  },
  rollups: [
    rollup('clicks_per_day', {
      from: 'click',
      every: 'day',
      by: ['page'],
      measures: { clicks: count(), sessions: uniq('session_id') },
    }),
    rollup('product_clicks_per_month', {
      from: 'click',
      every: 'month',
      by: ['category', 'product'],
      measures: { clicks: count() },
    }),
  ],
});
