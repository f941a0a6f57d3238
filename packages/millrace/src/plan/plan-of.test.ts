import { describe, expect, it } from 'vitest';
import {
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
  uuid,
} from '../index.ts';
import { planOf } from './plan-of.ts';

const shop = definePipeline({
  name: 'shop',
  events: {
    view: event({ product_id: string(), kind: oneOf('a') }, { undeclared: 'drop' }),
    purchase: event(
      {
        value: decimal(18, 2),
        kind: oneOf('b'),
        points: int64(),
        stars: int32(),
        ratio: optional(float64()),
        at: timestamp(),
        key: uuid(),
        address: object({ city: string() }),
      },
      { aliases: ['Order Completed'], rename: { total: 'value' } },
    ),
    page: event({ path: string() }),
  },
  rollups: [
    rollup('revenue', {
      from: ['purchase', 'view'],
      every: 'minute',
      by: ['address.city', 'type', 'kind'],
      where: {
        value: { gt: 0, lte: '-01.50', ne: '007' },
        kind: { in: ['a', 'b'] },
        points: { eq: 7n, in: [-1, '9223372036854775807'] },
        stars: -0,
        ratio: { present: false },
        at: { gte: new Date(5), lt: '2020-01-01T00:00:00', eq: '2020-01-01' },
        key: 'ABCDEF00-0000-4000-8000-000000000000',
        or: [{ late: true }, { user_id: { present: true } }],
        not: { product_id: 'x' },
      },
      measures: { orders: count(), revenue: sum('value') },
      keep: '90d',
    }),
    rollup('pages', { from: ['page', 'screen'], every: 'week', measures: { n: count() } }),
  ],
});

describe('planOf', () => {
  const plan = planOf(shop);

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(plan))).toStrictEqual(plan);
  });

  it('is the same each time', () => {
    expect(JSON.stringify(planOf(shop))).toBe(JSON.stringify(plan));
  });

  it('fills in what was left out', () => {
    expect(plan).toMatchObject({
      format: 1,
      pipeline: 'shop',
      dedup: { windowMs: 86_400_000 },
      allowedLatenessMs: 10_000,
      futureMaxMs: 86_400_000,
      keepMs: null,
      partitioning: { by: 'month', ownTypes: null, partsPerInsertMax: 100 },
      retired: [],
    });
  });

  it('adds the built-in events, and lets the user’s own stand', () => {
    expect(plan.events.map(({ type, builtIn }) => `${type} ${builtIn}`)).toEqual([
      'view false',
      'purchase false',
      'page false',
      'screen true',
      'identify true',
      'group true',
      'alias true',
    ]);
    expect(plan.events[1]).toMatchObject({
      aliases: ['Order Completed'],
      renames: { total: 'value' },
      undeclared: 'keep',
    });
    expect(plan.events[1]?.properties.slice(3, 5)).toEqual([
      { name: 'stars', type: { kind: 'int32' }, required: true },
      { name: 'ratio', type: { kind: 'float64' }, required: false },
    ]);
  });

  it('resolves the fields of a rollup', () => {
    const [revenue, pages] = plan.rollups;
    expect(revenue).toMatchObject({
      name: 'revenue',
      version: 1,
      table: 'revenue__v1',
      keepMs: 90 * 86_400_000,
      by: [
        { name: 'address_city', field: { source: 'property', path: ['address', 'city'] } },
        { name: 'type', field: { source: 'envelope', name: 'type', type: { kind: 'string' } } },
        { name: 'kind', field: { path: ['kind'], type: { kind: 'enum', values: ['b', 'a'] } } },
      ],
      measures: [
        { name: 'orders', kind: 'count' },
        {
          name: 'revenue',
          kind: 'sum',
          field: { path: ['value'], type: { kind: 'decimal', precision: 18, scale: 2 } },
        },
      ],
    });
    expect(pages).toMatchObject({ from: ['page', 'screen'], where: null, by: [], keepMs: null });
  });

  it('brings conditions into canonical form', () => {
    const where = plan.rollups[0]?.where;
    const flat = where?.kind === 'and' ? where.conditions : [];
    expect(
      flat.map((one) => {
        if (one.kind === 'compare') return [one.operator, one.value];
        if (one.kind === 'in') return ['in', one.values];
        if (one.kind === 'not') return ['not', one.condition.kind];
        return one.kind;
      }),
    ).toEqual([
      ['gt', '0.00'],
      ['lte', '-1.50'],
      ['ne', '7.00'],
      ['in', ['a', 'b']],
      ['eq', '7'],
      ['in', ['-1', '9223372036854775807']],
      ['eq', 0],
      ['not', 'present'],
      ['gte', 5],
      ['lt', 1_577_836_800_000],
      ['eq', 1_577_836_800_000],
      ['eq', 'abcdef00-0000-4000-8000-000000000000'],
      'or',
      ['not', 'compare'],
    ]);
  });

  it('refuses what contradicts itself', () => {
    expect(() => planOf({ name: 'shop', events: {}, lateness: '3d' })).toThrow(
      expect.objectContaining({ code: 'pipeline_invalid' }),
    );
  });
});
