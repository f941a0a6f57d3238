import { describe, expectTypeOf, it } from 'vitest';
import {
  alert,
  array,
  avg,
  boolean,
  count,
  decimal,
  definePipeline,
  type EventInput,
  type EventName,
  type EventRow,
  event,
  float64,
  int32,
  int64,
  max,
  min,
  object,
  oneOf,
  optional,
  quantiles,
  type RollupName,
  type RollupRow,
  rollup,
  string,
  sum,
  timestamp,
  uniq,
  uuid,
  type WindowName,
  type WindowRow,
  window,
} from '../index.ts';

// Types are compiled by `npm run types`: a `@ts-expect-error` that is not one fails there.

const shop = definePipeline({
  name: 'shop',
  events: {
    view: event({
      product_id: string(),
      price: decimal(18, 2),
      address: object({ city: string(), zone: optional(int32()) }),
    }),
    purchase: event(
      {
        order_id: uuid(),
        value: decimal(18, 2),
        currency: oneOf('EUR', 'USD'),
        gift: optional(boolean()),
        paid_at: timestamp(),
        points: int64(),
        weight: float64(),
        items: array(object({ product_id: string(), quantity: int32() })),
      },
      { aliases: ['Order Completed'], rename: { total: 'value' }, undeclared: 'refuse' },
    ),
    hint: event({ text: optional(string()) }),
  },
  dedup: { window: '24h' },
  lateness: '500ms',
  keep: '400d',
  partitioning: { by: 'day', ownTypes: ['view', 'page'] },
  rollups: [
    rollup('revenue', {
      from: 'purchase',
      every: 'minute',
      by: ['currency', 'gift', 'user_id'],
      where: {
        value: { gt: '0', lte: 1000 },
        currency: 'EUR',
        gift: { present: false },
        points: { in: [1n, '2', 3] },
        or: [{ paid_at: { lt: new Date(0) } }, { not: { late: true } }],
      },
      measures: {
        orders: count(),
        revenue: sum('value'),
        points: sum('points'),
        weight: sum('weight'),
        buyers: uniq('user_id'),
        first: min('paid_at'),
        dearest: max('value'),
        mean: avg('points'),
        spread: quantiles('value', [0.5, 0.95]),
      },
      keep: '90d',
    }),
    rollup('traffic', {
      from: ['view', 'purchase', 'page'],
      every: 'week',
      by: ['type', 'address.city', 'product_id'],
      measures: { n: count(), zones: uniq('address.zone') },
    }),
  ],
  windows: [
    window('busy', {
      from: 'purchase',
      tumbling: '1m',
      by: ['user_id', 'currency'],
      where: { gift: true },
      measures: {
        orders: count(),
        spent: sum('value'),
        first: min('paid_at'),
        mean: avg('points'),
      },
      having: { orders: { gte: 10 }, or: [{ spent: { gt: '100.00' } }, { mean: { lt: 2.5 } }] },
    }),
    window('quiet', {
      from: ['view', 'page'],
      hopping: { size: '1h', every: '5m' },
      measures: { n: count() },
    }),
  ],
});
type Shop = typeof shop;

describe('what is inferred from a pipeline', () => {
  it('knows its names', () => {
    expectTypeOf<EventName<Shop>>().toEqualTypeOf<
      'view' | 'purchase' | 'hint' | 'page' | 'screen' | 'identify' | 'group' | 'alias'
    >();
    expectTypeOf<RollupName<Shop>>().toEqualTypeOf<'revenue' | 'traffic'>();
  });

  it('knows what to send', () => {
    type Purchase = EventInput<Shop, 'purchase'>;
    expectTypeOf<Purchase['type']>().toEqualTypeOf<'purchase'>();
    expectTypeOf<Purchase['properties']>().toEqualTypeOf<{
      readonly order_id: string;
      readonly value: string | number;
      readonly currency: 'EUR' | 'USD';
      readonly gift?: boolean | null;
      readonly paid_at: Date | string | number;
      readonly points: string | number;
      readonly weight: number;
      readonly items: readonly { readonly product_id: string; readonly quantity: number }[];
    }>();
    expectTypeOf<EventInput<Shop, 'view'>['properties']['address']>().toEqualTypeOf<{
      readonly city: string;
      readonly zone?: number | null;
    }>();
    expectTypeOf<{ readonly type: 'hint' }>().toExtend<EventInput<Shop, 'hint'>>();
    expectTypeOf<{ readonly type: 'page' }>().toExtend<EventInput<Shop, 'page'>>();
    expectTypeOf<{ readonly type: 'view' }>().not.toExtend<EventInput<Shop, 'view'>>();
  });

  it('knows what a reader gets of an event', () => {
    expectTypeOf<EventRow<Shop, 'purchase'>['properties']>().toEqualTypeOf<{
      readonly order_id: string;
      readonly value: string;
      readonly currency: 'EUR' | 'USD';
      readonly gift: boolean | null;
      readonly paid_at: Date;
      readonly points: bigint;
      readonly weight: number;
      readonly items: readonly { readonly product_id: string; readonly quantity: number }[];
    }>();
    expectTypeOf<EventRow<Shop, 'view'>['timestamp']>().toEqualTypeOf<Date>();
  });

  it('knows the columns of a rollup', () => {
    expectTypeOf<RollupRow<Shop, 'revenue'>>().toEqualTypeOf<{
      readonly bucket: Date;
      readonly currency: 'EUR' | 'USD';
      readonly gift: boolean | null;
      readonly user_id: string | null;
      readonly orders: bigint;
      readonly revenue: string;
      readonly points: bigint;
      readonly weight: number;
      readonly buyers: bigint;
      readonly first: Date | null;
      readonly dearest: string | null;
      readonly mean: number | null;
      readonly spread: readonly (number | null)[];
    }>();
    expectTypeOf<RollupRow<Shop, 'traffic'>>().toEqualTypeOf<{
      readonly bucket: Date;
      readonly type: string;
      readonly address_city: string | null;
      readonly product_id: string | null;
      readonly n: bigint;
      readonly zones: bigint;
    }>();
  });

  it('knows the columns of a window', () => {
    expectTypeOf<WindowName<Shop>>().toEqualTypeOf<'busy' | 'quiet'>();
    expectTypeOf<WindowRow<Shop, 'busy'>>().toEqualTypeOf<{
      readonly window_start: Date;
      readonly window_end: Date;
      readonly user_id: string | null;
      readonly currency: 'EUR' | 'USD';
      readonly orders: bigint;
      readonly spent: string;
      readonly first: Date | null;
      readonly mean: number | null;
      readonly emitted_at: Date;
    }>();
    expectTypeOf<WindowRow<Shop, 'quiet'>>().toEqualTypeOf<{
      readonly window_start: Date;
      readonly window_end: Date;
      readonly n: bigint;
      readonly emitted_at: Date;
    }>();
  });
});

describe('what does not compile', () => {
  const events = {
    view: event({ product_id: string(), price: decimal(18, 2), tags: array(string()) }),
    purchase: event({ value: decimal(18, 2), paid: boolean(), place: object({ city: string() }) }),
  };
  const every = 'minute';
  const measures = { n: count() };

  it('a rollup of what is not there', () => {
    definePipeline({
      name: 'x',
      events,
      rollups: [
        rollup('fine', { from: ['view', 'page'], every, by: ['product_id'], measures }),
        // @ts-expect-error "a: from: there is no event purchases"
        rollup('a', { from: 'purchases', every, measures }),
        // @ts-expect-error "b: by: no event of purchase has curency"
        rollup('b', { from: 'purchase', every, by: ['curency'], measures }),
        // @ts-expect-error "c: by: no event of purchase has product_id"
        rollup('c', { from: 'purchase', every, by: ['product_id'], measures }),
        // @ts-expect-error "d: by: place is not a single value"
        rollup('d', { from: 'purchase', every, by: ['place'], measures }),
        // @ts-expect-error "e: measures.s: no event of view has value"
        rollup('e', { from: 'view', every, measures: { s: sum('value') } }),
        // @ts-expect-error no such width
        rollup('f', { from: 'view', every: 'fortnight', measures }),
      ],
    });
  });

  it('a measure of a type it cannot take', () => {
    definePipeline({
      name: 'x',
      events,
      rollups: [
        // @ts-expect-error "a: measures.s: sum cannot take product_id (string)"
        rollup('a', { from: 'view', every, measures: { s: sum('product_id') } }),
        // @ts-expect-error avg of a boolean
        rollup('b', { from: 'purchase', every, measures: { s: avg('paid') } }),
        // @ts-expect-error quantiles of a nested string
        rollup('c', { from: 'purchase', every, measures: { s: quantiles('place.city', [0.5]) } }),
        // @ts-expect-error max of an envelope boolean
        rollup('d', { from: 'purchase', every, measures: { s: max('late') } }),
        // @ts-expect-error uniq of an array
        rollup('e', { from: 'view', every, measures: { s: uniq('tags') } }),
        rollup('fine', { from: 'view', every, measures: { s: min('timestamp') } }),
      ],
    });
  });

  it('a condition of another type', () => {
    definePipeline({
      name: 'x',
      events,
      rollups: [
        rollup('fine', { from: 'view', every, where: { price: { in: ['1'] } }, measures }),
        // @ts-expect-error "a: where: no event of view has pric"
        rollup('a', { from: 'view', every, where: { pric: '1' }, measures }),
        // @ts-expect-error "b: where.paid does not fit the type boolean"
        rollup('b', { from: 'purchase', every, where: { paid: 'yes' }, measures }),
        // @ts-expect-error "c: where.price: there is no operator above"
        rollup('c', { from: 'view', every, where: { price: { above: '1' } }, measures }),
        // @ts-expect-error inside or
        rollup('d', { from: 'view', every, where: { or: [{ price: true }] }, measures }),
        // @ts-expect-error inside not
        rollup('e', { from: 'view', every, where: { not: { nothing: 1 } }, measures }),
        // @ts-expect-error booleans have no order
        rollup('f', { from: 'purchase', every, where: { paid: { lt: true } }, measures }),
        // @ts-expect-error a whole array
        rollup('g', { from: 'view', every, where: { tags: 'a' }, measures }),
      ],
    });
  });

  it('a window of what is not there', () => {
    const tumbling = '1m';
    const spent = sum('value');
    const from = 'purchase';
    definePipeline({
      name: 'x',
      events,
      windows: [
        window('fine', { from, tumbling, measures: { spent }, having: { spent: { gt: '1' } } }),
        // @ts-expect-error "a: by: no event of purchase has product_id"
        window('a', { from, tumbling, by: ['product_id'], measures }),
        // @ts-expect-error "b: having: there is no measure m"
        window('b', { from, tumbling, measures, having: { m: 1 } }),
        // @ts-expect-error "c: having.n does not fit the type int64"
        window('c', { from, tumbling, measures, having: { n: true } }),
        // @ts-expect-error "d: having.n: there is no operator above"
        window('d', { from, tumbling, measures, having: { not: { n: { above: 1 } } } }),
        // @ts-expect-error "e: measures.s: no event of view has value"
        window('e', { from: 'view', tumbling, measures: { s: spent } }),
        // @ts-expect-error "f: having.q: a whole array cannot be compared"
        window('f', {
          from,
          tumbling,
          measures: { q: quantiles('value', [0.5]) },
          having: { q: 1 },
        }),
      ],
    });
    // @ts-expect-error of no length
    window('g', { from, measures });
    // @ts-expect-error of two
    window('h', { from, measures, tumbling, hopping: { size: '2m', every: '1m' } });
  });

  it('an alert on what is not there', () => {
    const webhook = 'https://example.com/';
    definePipeline({
      name: 'x',
      events,
      windows: [window('w', { from: 'view', tumbling: '1m', measures })],
      alerts: [
        alert('fine', { on: 'w', when: { n: { gt: 1 } }, webhook }),
        alert('every', { on: 'w', webhook }),
        // @ts-expect-error "a: on: there is no window v"
        alert('a', { on: 'v', webhook }),
        // @ts-expect-error "b: when: there is no measure m"
        alert('b', { on: 'w', when: { m: 1 }, webhook }),
        // @ts-expect-error "c: when.n does not fit the type int64"
        alert('c', { on: 'w', when: { n: true }, webhook }),
      ],
    });
  });

  it('an option that means nothing', () => {
    // @ts-expect-error a rename to a property that is not there
    event({ value: string() }, { rename: { total: 'valu' } });
    // @ts-expect-error not a duration
    definePipeline({ name: 'x', events, lateness: '10 seconds' });
    // @ts-expect-error no such type
    definePipeline({ name: 'x', events, partitioning: { ownTypes: ['views'] } });
    // @ts-expect-error a misspelt option
    definePipeline({ name: 'x', events, latenes: '10s' });
    // @ts-expect-error a misspelt option of an event
    event({}, { alias: ['x'] });
    // @ts-expect-error a misspelt option of a rollup
    rollup('r', { from: 'view', every, measures, filter: {} });
  });
});
