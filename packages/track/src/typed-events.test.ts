import { describe, expectTypeOf, it } from 'vitest';
import {
  decimal,
  definePipeline,
  event,
  int64,
  oneOf,
  optional,
  string,
  timestamp,
} from '../../millrace/src/index.ts';
import { createTracker, type Tracker } from './index.ts';
import type { createTracker as createNodeTracker } from './node.ts';

// Types are compiled by `npm run types`: a `@ts-expect-error` that is not one fails there.

const shop = definePipeline({
  name: 'shop',
  events: {
    purchase: event({
      price: decimal(18, 2),
      currency: oneOf('EUR', 'USD'),
      coupon: optional(string()),
      points: optional(int64()),
      paid_at: optional(timestamp()),
    }),
    search: event({ words: optional(string()) }),
    logout: event({}),
  },
});

/** Never called: what is sent here need only compile, or not. */
const sent: readonly ((tracker: Tracker<typeof shop>) => void)[] = [
  ({ track }) => track('purchase', { price: '9.90', currency: 'EUR' }),
  ({ track }) =>
    track(
      'purchase',
      {
        price: 9.9,
        currency: 'USD',
        coupon: null,
        points: '9007199254740993',
        paid_at: new Date(),
      },
      { eventId: 'order-1', userId: 'ann', timestamp: new Date() },
    ),
  ({ track }) => track('search'),
  ({ track }) => track('logout'),
  ({ track }) => track('page', { anything: [1] }),
  ({ identify }) => identify('ann', { plan: 'pro' }),
  // @ts-expect-error there is no event of that name
  ({ track }) => track('purchases', { price: '9.90', currency: 'EUR' }),
  // @ts-expect-error a purchase has a price
  ({ track }) => track('purchase', { currency: 'EUR' }),
  // @ts-expect-error a purchase has properties
  ({ track }) => track('purchase'),
  // @ts-expect-error a price is no boolean
  ({ track }) => track('purchase', { price: true, currency: 'EUR' }),
  // @ts-expect-error this is none of its values
  ({ track }) => track('purchase', { price: '9.90', currency: 'GBP' }),
  // @ts-expect-error no purchase has that property
  ({ track }) => track('purchase', { price: '9.90', currency: 'EUR', cupon: 'SPRING' }),
  // @ts-expect-error no event has that option
  ({ track }) => track('search', {}, { user_id: 'ann' }),
];

describe('the tracker of a pipeline', () => {
  it('takes what the pipeline declares, and nothing else', () => {
    expectTypeOf(sent[0]).not.toBeNever();
  });

  it('is made from the types alone, in browsers and in Node', () => {
    expectTypeOf(createTracker<typeof shop>).returns.toEqualTypeOf<Tracker<typeof shop>>();
    type Track = ReturnType<typeof createNodeTracker<typeof shop>>['track'];
    expectTypeOf<Track>().toEqualTypeOf<Tracker<typeof shop>['track']>();
  });
});
