import {
  array,
  boolean,
  count,
  decimal,
  definePipeline,
  event,
  float64,
  int32,
  int64,
  object,
  oneOf,
  optional,
  rollup,
  string,
  sum,
  timestamp,
  uniq,
  uuid,
} from 'millrace';

// Every kind of property there is, for tests of what the store takes.
export default definePipeline({
  name: 'everything',
  events: {
    everything: event({
      text: optional(string()),
      color: optional(oneOf('red', 'green')),
      flag: optional(boolean()),
      small: optional(int32()),
      large: optional(int64()),
      ratio: optional(float64()),
      amount: optional(decimal(18, 4)),
      at: optional(timestamp()),
      ref: optional(uuid()),
      numbers: optional(array(int64())),
      prices: optional(array(decimal(18, 2))),
      address: optional(object({ city: string(), zip: optional(int32()) })),
      items: optional(array(object({ name: string(), price: decimal(18, 2) }))),
    }),
  },
  rollups: [
    rollup('by_hour', {
      from: 'everything',
      every: 'hour',
      by: ['color', 'flag'],
      measures: { events: count(), amount: sum('amount'), texts: uniq('text') },
    }),
  ],
});
