import { count, definePipeline, rollup, sum } from 'millrace';
import bench, { byMinute } from './bench.config.ts';

/** The shop with one more rollup, by product: of which there are 5,000. */
export default definePipeline({
  name: bench.name,
  events: bench.events,
  rollups: [
    byMinute,
    rollup('by_product', {
      from: ['view', 'click', 'add_to_cart'],
      every: 'hour',
      by: ['product_id'],
      measures: { events: count(), amount: sum('price') },
    }),
  ],
});
