import { alert, type Pipeline } from 'millrace';
import { everyWindow } from '../../packages/millrace/src/compile/clickhouse/every-window.suite.ts';

/** An alert on a window of several dimensions besides; a test says where it is sent. */
const pipeline: Pipeline<typeof everyWindow.events> = {
  ...everyWindow,
  alerts: [
    alert('several', {
      on: 'by_kind',
      when: { n: { gte: 2 } },
      webhook: process.env.TEST_WEBHOOK ?? 'http://127.0.0.1:1/',
    }),
  ],
};
export default pipeline;
