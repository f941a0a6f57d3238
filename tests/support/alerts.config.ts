import { alert, count, decimal, definePipeline, event, sum, window } from 'millrace';

/** Alerts on windows that end every second; a test says where they are sent. */
export default definePipeline({
  name: 'alerts',
  events: { view: event({ price: decimal(18, 2) }) },
  lateness: '0s',
  windows: [
    window('by_second', {
      from: 'view',
      tumbling: '1s',
      by: ['user_id'],
      measures: { views: count(), amount: sum('price') },
    }),
  ],
  alerts: [
    alert('dear', {
      on: 'by_second',
      when: { amount: { gt: '100' } },
      webhook: process.env.TEST_WEBHOOK ?? 'http://127.0.0.1:1/',
    }),
  ],
});
