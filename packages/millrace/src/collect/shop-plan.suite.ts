import { event } from '../define/event.ts';
import { definePipeline } from '../define/pipeline.ts';
import {
  array,
  boolean,
  decimal,
  float64,
  int32,
  int64,
  object,
  oneOf,
  optional,
  string,
  timestamp,
  uuid,
} from '../define/property.ts';
import type { Plan } from '../plan/plan.ts';
import { planOf } from '../plan/plan-of.ts';

/** The plan that the tests and benchmarks of the collector share: a shop, and every kind of property. */
export const shopPlan: Plan = planOf(
  definePipeline({
    name: 'shop',
    keep: '400d',
    events: {
      view: event({ product_id: string(), category: string(), price: decimal(18, 2) }),
      click: event({ element: string() }),
      purchase: event(
        {
          order_id: string(),
          value: decimal(18, 2),
          currency: string(),
          items: array(object({ product_id: string(), quantity: int32(), price: decimal(18, 2) })),
        },
        { aliases: ['Order Completed'], rename: { total: 'value', products: 'items' } },
      ),
      everything: event({
        text: optional(string()),
        color: optional(oneOf('red', 'green')),
        flag: optional(boolean()),
        small: optional(int32()),
        large: optional(int64()),
        ratio: optional(float64()),
        amount: optional(decimal(18, 4)),
        whole: optional(decimal(5, 0)),
        at: optional(timestamp()),
        ref: optional(uuid()),
        numbers: optional(array(int64())),
        address: optional(object({ city: string(), zip: optional(int32()) })),
        constructor: optional(string()),
      }),
      strict: event({ name: string() }, { undeclared: 'refuse' }),
      narrow: event({ name: string() }, { undeclared: 'drop' }),
    },
  }),
);
