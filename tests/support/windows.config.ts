import { count, decimal, definePipeline, event, sum, window } from 'millrace';

/** Windows that end every second, so that a test need not wait. */
export default definePipeline({
  name: 'windows',
  events: { view: event({ price: decimal(18, 2) }) },
  lateness: '1s',
  windows: [
    window('by_second', {
      from: 'view',
      tumbling: '1s',
      by: ['user_id'],
      measures: { views: count(), amount: sum('price') },
    }),
  ],
});
