import { count, definePipeline, event, int64, rollup, string, sum } from 'millrace';

/** Each sender numbers its events, so that sums tell whether each is there once. */
export default definePipeline({
  name: 'soak',
  events: { step: event({ sender: string(), serial: int64(), padding: string() }) },
  rollups: [
    rollup('by_sender', {
      from: 'step',
      every: 'minute',
      by: ['sender'],
      measures: { events: count(), serials: sum('serial') },
    }),
  ],
});
