import { describe, expectTypeOf, it } from 'vitest';
import {
  array,
  decimal,
  definePipeline,
  event,
  float64,
  int64,
  object,
  oneOf,
  optional,
  string,
  timestamp,
} from '../index.ts';
import { avg, type Client, count, createClient, max, min, quantiles, sum, uniq } from './index.ts';

// Types are compiled by `npm run types`: a `@ts-expect-error` that is not one fails there.

const shop = definePipeline({
  name: 'shop',
  events: {
    view: event({ product_id: string(), address: object({ city: string() }) }),
    purchase: event({
      value: decimal(18, 2),
      currency: oneOf('EUR', 'USD'),
      coupon: optional(string()),
      paid_at: timestamp(),
      points: int64(),
      weight: float64(),
      items: array(string()),
    }),
  },
});

/** Never called: what is asked here need only compile, or not. */
const questions = {
  rows: async (client: Client<typeof shop>) => {
    const { rows } = await client.query({
      from: 'purchase',
      every: 'day',
      zone: 'Europe/London',
      by: ['currency', 'coupon', 'points', 'late'],
      measures: {
        orders: count(),
        revenue: sum('value'),
        total_points: sum('points'),
        mean: avg('value'),
        people: uniq('user_id'),
        last: max('paid_at'),
        least: min('weight'),
        spread: quantiles('value', [0.5, 0.9]),
      },
      order: { revenue: 'desc', bucket: 'asc', currency: 'asc' },
    });
    return rows;
  },
  totals: async (client: Client<typeof shop>) => {
    const { rows } = await client.query({
      from: ['view', 'purchase', 'page'],
      by: ['address.city'],
      where: { 'address.city': { in: ['Paris', 'Rome'] }, or: [{ late: false }] },
      measures: { events: count(), places: uniq('address.city') },
      since: new Date(0),
      until: '2026-11-30',
      order: { address_city: 'asc' },
    });
    return rows;
  },
  folded: async (client: Client<typeof shop>) => {
    const { rows } = await client.query({
      from: 'purchase',
      by: ['currency'],
      measures: { revenue: sum('value') },
      since: '2026-11-01',
      until: '2026-12-01',
      limit: 3,
      other: true,
      compare: 'previous',
      order: { revenue_previous: 'desc' },
    });
    return rows;
  },
  sampled: async (client: Client<typeof shop>) => {
    const { rows, sampled } = await client.query({
      from: 'purchase',
      measures: { revenue: sum('value'), spread: quantiles('value', [0.5]) },
      since: '2026-11-01',
      until: '2026-12-01',
      sample: 'auto',
      order: { revenue_high: 'desc' },
    });
    return { rows, share: sampled?.share };
  },
  funnel: async (client: Client<typeof shop>) => {
    const { rows } = await client.funnel({
      steps: [
        { from: 'view', where: { 'address.city': 'Paris' } },
        { from: ['purchase', 'page'], where: { currency: 'EUR' } },
      ],
      within: '7d',
      per: 'session_id',
      by: ['address.city'],
      levels: [0.5, 0.9],
      since: '2026-11-01',
    });
    return rows;
  },
  sessions: async (client: Client<typeof shop>) => {
    const { rows } = await client.sessions({
      from: ['view', 'purchase'],
      where: { currency: 'EUR' },
      gap: '1h',
      every: 'day',
      entry: ['address.city'],
      exit: ['type', 'points'],
    });
    return rows;
  },
  allSessions: async (client: Client<typeof shop>) => {
    const { rows } = await client.sessions({ entry: ['currency'] });
    return rows;
  },
  others: async (client: Client<typeof shop>) => {
    await client.retention({ every: 'week' });
    await client.retention({
      first: { from: 'view', where: { 'address.city': 'Rome' } },
      return: { from: ['purchase', 'page'] },
      every: 'month',
      periods: 12,
      zone: 'Europe/Rome',
    });
    await client.live();
    await client.live({ from: 'purchase', where: { currency: 'EUR' }, minutes: 10, age: '5s' });
  },
  mistakes: [
    (client: Client<typeof shop>) =>
      // @ts-expect-error there is no event of that name
      client.retention({ first: { from: 'visit' }, every: 'week' }),
    (client: Client<typeof shop>) =>
      client.retention({
        // @ts-expect-error no purchase has that property
        return: { from: 'purchase', where: { product_id: '1' } },
        every: 'week',
      }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error no view has that property
      client.sessions({ from: 'view', entry: ['currency'] }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error sessions are not grouped by a list
      client.sessions({ from: 'purchase', exit: ['items'] }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error no view has that property
      client.live({ from: 'view', where: { currency: 'EUR' } }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error there is no event of that name
      client.funnel({ steps: [{ from: 'view' }, { from: 'purchases' }], within: '1h' }),
    (client: Client<typeof shop>) =>
      client.funnel({
        // @ts-expect-error no view has that property
        steps: [{ from: 'view', where: { currency: 'EUR' } }, { from: 'purchase' }],
        within: '1h',
      }),
    (client: Client<typeof shop>) =>
      client.funnel({
        steps: [{ from: 'view' }, { from: 'purchase' }],
        within: '1h',
        // @ts-expect-error the first step has no such property
        by: ['currency'],
      }),
    (client: Client<typeof shop>) =>
      client.funnel({
        steps: [{ from: 'view' }, { from: 'purchase' }],
        // @ts-expect-error this is no duration
        within: 'an hour',
      }),
    (client: Client<typeof shop>) =>
      client.query({
        from: 'purchase',
        measures: { orders: count() },
        // @ts-expect-error nothing is compared
        order: { orders_previous: 'asc' },
      }),
    (client: Client<typeof shop>) =>
      client.query({
        from: 'purchase',
        measures: { orders: count() },
        // @ts-expect-error no sample was asked for
        order: { orders_low: 'asc' },
      }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error there is no event of that name
      client.query({ from: 'purchases', measures: { orders: count() } }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error a string cannot be added up
      client.query({ from: 'purchase', measures: { revenue: sum('currency') } }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error no purchase has that property
      client.query({ from: 'purchase', measures: { revenue: sum('valu') } }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error no purchase has that property
      client.query({ from: 'purchase', by: ['product_id'], measures: { orders: count() } }),
    (client: Client<typeof shop>) =>
      // @ts-expect-error rows cannot be grouped by a list
      client.query({ from: 'purchase', by: ['items'], measures: { orders: count() } }),
    (client: Client<typeof shop>) =>
      client.query({
        from: 'purchase',
        // @ts-expect-error this is none of its values
        where: { currency: 'GBP' },
        measures: { orders: count() },
      }),
    (client: Client<typeof shop>) =>
      client.query({
        from: 'purchase',
        measures: { orders: count() },
        // @ts-expect-error there are no buckets to order by
        order: { bucket: 'asc' },
      }),
    (client: Client<typeof shop>) =>
      client.query({
        from: 'purchase',
        // @ts-expect-error no bucket is that wide
        every: 'year',
        measures: { orders: count() },
      }),
  ],
};

describe('the client of a pipeline', () => {
  it('gives rows of the types of their columns', () => {
    type Row = Awaited<ReturnType<(typeof questions)['rows']>>[number];
    expectTypeOf<Row>().toEqualTypeOf<{
      readonly bucket: Date;
      readonly currency: 'EUR' | 'USD';
      readonly coupon: string | null;
      readonly points: bigint;
      readonly late: boolean;
      readonly orders: bigint;
      readonly revenue: string;
      readonly total_points: bigint;
      readonly mean: number | null;
      readonly people: bigint;
      readonly last: Date | null;
      readonly least: number | null;
      readonly spread: readonly (number | null)[];
    }>();
    type Totals = Awaited<ReturnType<(typeof questions)['totals']>>[number];
    expectTypeOf<Totals>().toEqualTypeOf<{
      readonly address_city: string | null;
      readonly events: bigint;
      readonly places: bigint;
    }>();
  });

  it('gives the row of all other groups, and the period before', () => {
    type Row = Awaited<ReturnType<(typeof questions)['folded']>>[number];
    expectTypeOf<Row>().toEqualTypeOf<{
      readonly other: boolean;
      readonly currency: 'EUR' | 'USD' | null;
      readonly revenue: string;
      readonly revenue_previous: string;
    }>();
  });

  it('gives the interval of each measure of a sample, and which part that was', () => {
    type Answered = Awaited<ReturnType<(typeof questions)['sampled']>>;
    expectTypeOf<Answered['share']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Answered['rows'][number]>().toEqualTypeOf<{
      readonly revenue: string;
      readonly revenue_low: number | null;
      readonly revenue_high: number | null;
      readonly spread: readonly (number | null)[];
      readonly spread_low: readonly (number | null)[];
      readonly spread_high: readonly (number | null)[];
    }>();
  });

  it('gives the steps of a funnel', () => {
    type Row = Awaited<ReturnType<(typeof questions)['funnel']>>[number];
    expectTypeOf<Row>().toEqualTypeOf<{
      readonly address_city: string;
      readonly step: number;
      readonly event: string;
      readonly people: bigint;
      readonly conversion: number | null;
      readonly step_conversion: number | null;
      readonly duration_ms: readonly (number | null)[];
    }>();
  });

  it('gives sessions by how they began and ended', () => {
    type Measured = {
      readonly sessions: bigint;
      readonly people: bigint;
      readonly events: bigint;
      readonly events_per_session: number | null;
      readonly bounce_rate: number | null;
      readonly mean_duration_ms: number | null;
      readonly duration_ms: readonly (number | null)[];
    };
    type Row = Awaited<ReturnType<(typeof questions)['sessions']>>[number];
    expectTypeOf<Row>().branded.toEqualTypeOf<
      Measured & {
        readonly bucket: Date;
        readonly entry_address_city: string | null;
        readonly exit_type: string;
        readonly exit_points: bigint | null;
      }
    >();
    type All = Awaited<ReturnType<(typeof questions)['allSessions']>>[number];
    expectTypeOf<All>().branded.toEqualTypeOf<
      Measured & { readonly entry_currency: 'EUR' | 'USD' | null }
    >();
  });

  it('is made from the types alone', () => {
    expectTypeOf(createClient<typeof shop>({ url: 'http://127.0.0.1:8080' })).toEqualTypeOf<
      Client<typeof shop>
    >();
  });
});
