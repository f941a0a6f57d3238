import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  array,
  avg,
  boolean,
  count,
  decimal,
  definePipeline,
  event,
  int32,
  max,
  object,
  oneOf,
  optional,
  quantiles,
  rollup,
  string,
  sum,
  timestamp,
  uniq,
  uuid,
} from '../index.ts';
import { assertPipeline, contradictions } from './contradictions.ts';

const shop = definePipeline({
  name: 'shop',
  events: {
    view: event({ product_id: string(), price: decimal(18, 2) }),
    purchase: event(
      {
        value: decimal(18, 2),
        paid: boolean(),
        at: timestamp(),
        key: uuid(),
        kind: oneOf('a', 'b'),
        address: object({ city: string(), zone: optional(int32()) }),
        tags: array(string()),
      },
      { aliases: ['Order Completed'], rename: { total: 'value' } },
    ),
  },
  rollups: [
    rollup('revenue', {
      from: 'purchase',
      every: 'minute',
      by: ['address.city', 'type'],
      where: { value: { gt: '0' }, not: { kind: { in: ['a'] } } },
      measures: { orders: count(), revenue: sum('value') },
      keep: '90d',
    }),
  ],
});

/** The shop with something else in it. The types would not let it pass: a file in JavaScript may. */
const withEvent = (definition: unknown): unknown => ({
  ...shop,
  events: { ...shop.events, more: definition },
  rollups: [],
});
const withRollup = (options: object): unknown => ({
  ...shop,
  rollups: [
    { name: 'r', from: 'purchase', every: 'hour', measures: { n: { kind: 'count' } }, ...options },
  ],
});
const withWindow = (options: object): unknown => ({
  ...shop,
  windows: [{ name: 'w', from: 'purchase', measures: { n: { kind: 'count' } }, ...options }],
});
const withAlert = (options: object): unknown => ({
  ...Object(withWindow({ tumbling: '1m' })),
  alerts: [{ name: 'a', on: 'w', webhook: 'https://example.com/', ...options }],
});
const nested = (depth: number): unknown =>
  depth === 0 ? string() : { kind: 'object', properties: { in: nested(depth - 1) } };
const manyProperties = (prefix: string, n: number) =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`${prefix}${i}`, string()]));
const nestedWhere = (depth: number): unknown =>
  depth === 0 ? { paid: true } : { not: nestedWhere(depth - 1) };

interface Case {
  readonly what: string;
  readonly definition: unknown;
  readonly code: string;
  readonly place: string;
  /** A part of the message or the mend. */
  readonly says?: string;
}

const cases: readonly Case[] = [
  { what: 'nothing at all', definition: undefined, code: 'wrong_shape', place: '' },
  { what: 'a list', definition: [], code: 'wrong_shape', place: '' },
  {
    what: 'a misspelt option',
    definition: { ...shop, latenes: '1s' },
    code: 'unknown_option',
    place: 'latenes',
    says: 'lateness',
  },
  { what: 'no name', definition: { ...shop, name: undefined }, code: 'bad_name', place: 'name' },
  {
    what: 'a name in another case',
    definition: { ...shop, name: 'webShop' },
    code: 'bad_name',
    place: 'name',
  },
  {
    what: 'a name that is taken',
    definition: { ...shop, name: 'system' },
    code: 'reserved_name',
    place: 'name',
  },
  {
    what: 'events as a list',
    definition: { ...shop, events: [] },
    code: 'wrong_shape',
    place: 'events',
  },
  {
    what: 'a type of event that is not snake_case',
    definition: { ...shop, events: { ...shop.events, 'Order Completed!': event({}) } },
    code: 'bad_name',
    place: 'events.Order Completed!',
  },
  {
    what: 'an event that is none',
    definition: withEvent(7),
    code: 'wrong_shape',
    place: 'events.more',
  },
  {
    what: 'a misspelt option of an event',
    definition: withEvent({ properties: {}, alias: [] }),
    code: 'unknown_option',
    place: 'events.more.alias',
    says: 'aliases',
  },
  {
    what: 'a property that is no type',
    definition: withEvent({ properties: { a: 'string' } }),
    code: 'wrong_shape',
    place: 'events.more.a',
  },
  {
    what: 'a property of an unknown type',
    definition: withEvent({ properties: { a: { kind: 'int23' } } }),
    code: 'wrong_shape',
    place: 'events.more.a',
    says: 'int32',
  },
  {
    what: 'a property with a dot',
    definition: withEvent(event({ 'a.b': string() })),
    code: 'bad_name',
    place: 'events.more.a.b',
  },
  {
    what: 'a property with the name of an envelope field',
    definition: withEvent(event({ user_id: string() })),
    code: 'reserved_name',
    place: 'events.more.user_id',
  },
  {
    what: 'a property with the name of a connective',
    definition: withEvent(event({ not: string() })),
    code: 'reserved_name',
    place: 'events.more.not',
  },
  {
    what: 'a decimal of too many digits',
    definition: withEvent(event({ a: decimal(19, 2) })),
    code: 'out_of_bounds',
    place: 'events.more.a',
  },
  {
    what: 'a decimal with more scale than precision',
    definition: withEvent(event({ a: decimal(2, 3) })),
    code: 'out_of_bounds',
    place: 'events.more.a',
  },
  {
    what: 'an enum of nothing',
    definition: withEvent(event({ a: oneOf() })),
    code: 'bad_value',
    place: 'events.more.a',
  },
  {
    what: 'an enum that repeats itself',
    definition: withEvent(event({ a: oneOf('x', 'x') })),
    code: 'bad_value',
    place: 'events.more.a',
  },
  {
    what: 'an optional element',
    definition: withEvent({ properties: { a: { kind: 'array', element: optional(string()) } } }),
    code: 'wrong_shape',
    place: 'events.more.a[]',
  },
  {
    what: 'too deep an object',
    definition: withEvent({ properties: { a: nested(9) } }),
    code: 'out_of_bounds',
    place: 'events.more.a.in.in.in.in.in.in.in.in',
  },
  {
    what: 'one name with two types',
    definition: withEvent(event({ price: int32() })),
    code: 'wrong_type',
    place: 'events.more.price',
    says: '"view"',
  },
  {
    what: 'one name with two scales',
    definition: withEvent(event({ price: decimal(18, 3) })),
    code: 'wrong_type',
    place: 'events.more.price',
  },
  {
    what: 'more properties than a column takes',
    definition: {
      name: 'wide',
      events: Object.fromEntries(
        ['a', 'b', 'c'].map((type) => [type, event(manyProperties(type, 400))]),
      ),
    },
    code: 'out_of_bounds',
    place: 'events',
    says: '1200',
  },
  {
    what: 'an object in an array with more properties than there may be',
    definition: withEvent(event({ list: array(object(manyProperties('x', 501))) })),
    code: 'out_of_bounds',
    place: 'events.more.list[]',
  },
  {
    what: 'an unknown way with undeclared properties',
    definition: withEvent({ properties: {}, undeclared: 'ignore' }),
    code: 'bad_value',
    place: 'events.more.undeclared',
  },
  {
    what: 'an alias that is another type',
    definition: withEvent(event({}, { aliases: ['view'] })),
    code: 'name_taken',
    place: 'events.more.aliases[0]',
  },
  {
    what: 'an alias that is a built-in type',
    definition: withEvent(event({}, { aliases: ['page'] })),
    code: 'name_taken',
    place: 'events.more.aliases[0]',
  },
  {
    what: 'an alias that is an alias elsewhere',
    definition: withEvent(event({}, { aliases: ['Order Completed'] })),
    code: 'name_taken',
    place: 'events.more.aliases[0]',
    says: '"purchase"',
  },
  {
    what: 'an alias twice',
    definition: withEvent(event({}, { aliases: ['x', 'x'] })),
    code: 'name_taken',
    place: 'events.more.aliases[1]',
  },
  {
    what: 'a rename to nothing',
    definition: withEvent({ properties: { value: decimal(18, 2) }, rename: { total: 'valeu' } }),
    code: 'unknown_property',
    place: 'events.more.rename.total',
    says: 'Did you mean "value"?',
  },
  {
    what: 'a rename of a declared property',
    definition: withEvent(event({ x: string(), y: string() }, { rename: { x: 'y' } })),
    code: 'name_taken',
    place: 'events.more.rename.x',
  },
  {
    what: 'a duration in words',
    definition: { ...shop, lateness: '10 seconds' },
    code: 'bad_duration',
    place: 'lateness',
  },
  {
    what: 'a duration with a fraction',
    definition: { ...shop, keep: '1.5d' },
    code: 'bad_duration',
    place: 'keep',
  },
  {
    what: 'events kept for a moment',
    definition: { ...shop, keep: '1s' },
    code: 'out_of_bounds',
    place: 'keep',
  },
  {
    what: 'events kept for an age',
    definition: { ...shop, keep: '99999d' },
    code: 'bad_duration',
    place: 'keep',
  },
  {
    what: 'a dedup window of a year',
    definition: { ...shop, dedup: { window: '365d' } },
    code: 'out_of_bounds',
    place: 'dedup.window',
  },
  {
    what: 'a dedup window of nothing',
    definition: { ...shop, dedup: { window: '0s' } },
    code: 'out_of_bounds',
    place: 'dedup.window',
  },
  {
    what: 'a rollup of an undefined event',
    definition: withRollup({ from: 'purchas' }),
    code: 'unknown_event',
    place: 'rollups[0].from',
    says: 'Did you mean "purchase"?',
  },
  {
    what: 'a rollup of an undefined event among others',
    definition: withRollup({ from: ['purchase', 'sale'] }),
    code: 'unknown_event',
    place: 'rollups[0].from[1]',
  },
  {
    what: 'a rollup of no event',
    definition: withRollup({ from: [] }),
    code: 'wrong_shape',
    place: 'rollups[0].from',
  },
  {
    what: 'two rollups of one name',
    definition: { ...shop, rollups: [...(shop.rollups ?? []), ...(shop.rollups ?? [])] },
    code: 'name_taken',
    place: 'rollups[1].name',
    says: 'rollups[0]',
  },
  {
    what: 'a rollup with the name of a table',
    definition: withRollup({ name: 'events' }),
    code: 'reserved_name',
    place: 'rollups[0].name',
  },
  {
    what: 'a rollup with the name of a version',
    definition: withRollup({ name: 'revenue__v1' }),
    code: 'bad_name',
    place: 'rollups[0].name',
  },
  {
    what: 'a bucket of no width',
    definition: withRollup({ every: 'minutes' }),
    code: 'bad_value',
    place: 'rollups[0].every',
    says: 'Did you mean "minute"?',
  },
  {
    what: 'an unknown dimension',
    definition: withRollup({ by: ['adress.city'] }),
    code: 'unknown_property',
    place: 'rollups[0].by[0]',
    says: 'Did you mean "address.city"?',
  },
  {
    what: 'a dimension of another event',
    definition: withRollup({ by: ['product_id'] }),
    code: 'unknown_property',
    place: 'rollups[0].by[0]',
  },
  {
    what: 'an object as a dimension',
    definition: withRollup({ by: ['address'] }),
    code: 'wrong_type',
    place: 'rollups[0].by[0]',
  },
  {
    what: 'a dimension twice',
    definition: withRollup({ by: ['paid', 'paid'] }),
    code: 'name_taken',
    place: 'rollups[0].by[1]',
  },
  {
    what: 'no measures',
    definition: withRollup({ measures: {} }),
    code: 'wrong_shape',
    place: 'rollups[0].measures',
  },
  {
    what: 'a measure of an unknown property',
    definition: withRollup({ measures: { revenue: sum('valu') } }),
    code: 'unknown_property',
    place: 'rollups[0].measures.revenue',
    says: 'Did you mean "value"?',
  },
  {
    what: 'the sum of a string',
    definition: withRollup({ measures: { cities: sum('address.city') } }),
    code: 'wrong_type',
    place: 'rollups[0].measures.cities',
    says: 'sum takes numbers; "address.city" is of type string',
  },
  {
    what: 'the mean of a boolean',
    definition: withRollup({ measures: { m: avg('paid') } }),
    code: 'wrong_type',
    place: 'rollups[0].measures.m',
  },
  {
    what: 'the greatest uuid',
    definition: withRollup({ measures: { m: max('key') } }),
    code: 'wrong_type',
    place: 'rollups[0].measures.m',
  },
  {
    what: 'distinct objects',
    definition: withRollup({ measures: { m: uniq('address') } }),
    code: 'wrong_type',
    place: 'rollups[0].measures.m',
  },
  {
    what: 'a measure that is none',
    definition: withRollup({ measures: { m: 'count' } }),
    code: 'wrong_shape',
    place: 'rollups[0].measures.m',
  },
  {
    what: 'a measure with the name of a dimension',
    definition: withRollup({ by: ['paid'], measures: { paid: count() } }),
    code: 'reserved_name',
    place: 'rollups[0].measures.paid',
  },
  {
    what: 'a measure with the name of an envelope field',
    definition: withRollup({ measures: { user_id: uniq('user_id') } }),
    code: 'reserved_name',
    place: 'rollups[0].measures.user_id',
  },
  {
    what: 'a measure called bucket',
    definition: withRollup({ measures: { bucket: count() } }),
    code: 'reserved_name',
    place: 'rollups[0].measures.bucket',
  },
  {
    what: 'a level of 1',
    definition: withRollup({ measures: { q: quantiles('value', [0.5, 1]) } }),
    code: 'bad_value',
    place: 'rollups[0].measures.q.levels',
  },
  {
    what: 'no levels',
    definition: withRollup({ measures: { q: quantiles('value', []) } }),
    code: 'bad_value',
    place: 'rollups[0].measures.q.levels',
  },
  {
    what: 'a condition on an unknown property',
    definition: withRollup({ where: { or: [{ valu: '1' }] } }),
    code: 'unknown_property',
    place: 'rollups[0].where.or[0].valu',
    says: 'Did you mean "value"?',
  },
  {
    what: 'a condition of another type',
    definition: withRollup({ where: { value: { gt: 'much' } } }),
    code: 'wrong_type',
    place: 'rollups[0].where.value.gt',
    says: 'decimal(18, 2)',
  },
  {
    what: 'a condition with digits that nothing stored has',
    definition: withRollup({ where: { value: '0.001' } }),
    code: 'wrong_type',
    place: 'rollups[0].where.value',
  },
  {
    what: 'a condition on a value that the enum lacks',
    definition: withRollup({ where: { kind: { in: ['a', 'c'] } } }),
    code: 'wrong_type',
    place: 'rollups[0].where.kind.in[1]',
    says: 'a, b',
  },
  {
    what: 'an unknown operator',
    definition: withRollup({ where: { value: { gtt: '1' } } }),
    code: 'unknown_option',
    place: 'rollups[0].where.value.gtt',
    says: 'Did you mean "gt"?',
  },
  {
    what: 'an order of booleans',
    definition: withRollup({ where: { paid: { lt: true } } }),
    code: 'wrong_type',
    place: 'rollups[0].where.paid.lt',
  },
  {
    what: 'a condition on an array',
    definition: withRollup({ where: { tags: 'a' } }),
    code: 'wrong_type',
    place: 'rollups[0].where.tags',
  },
  {
    what: 'conditions within conditions within …',
    definition: withRollup({ where: nestedWhere(9) }),
    code: 'out_of_bounds',
    place: 'rollups[0].where.not.not.not.not.not.not.not.not.not',
  },
  {
    what: 'buckets dropped before they are full',
    definition: withRollup({ every: 'day', keep: '1h' }),
    code: 'out_of_bounds',
    place: 'rollups[0].keep',
  },
  {
    what: 'a window of no length',
    definition: withWindow({}),
    code: 'wrong_shape',
    place: 'windows[0]',
    says: 'tumbling',
  },
  {
    what: 'a window of two kinds',
    definition: withWindow({ tumbling: '1m', hopping: { size: '1h', every: '1m' } }),
    code: 'wrong_shape',
    place: 'windows[0]',
    says: 'It is tumbling and hopping at once.',
  },
  {
    what: 'a window too short',
    definition: withWindow({ tumbling: '1ms' }),
    code: 'out_of_bounds',
    place: 'windows[0].tumbling',
  },
  {
    what: 'a hop that does not divide the size',
    definition: withWindow({ hopping: { size: '1h', every: '7m' } }),
    code: 'bad_value',
    place: 'windows[0].hopping.every',
    says: '"7m" does not divide "1h".',
  },
  {
    what: 'an event in too many windows',
    definition: withWindow({ hopping: { size: '1d', every: '1s' } }),
    code: 'out_of_bounds',
    place: 'windows[0].hopping',
    says: 'An event would lie in 86400 windows.',
  },
  {
    what: 'a hop left out',
    definition: withWindow({ hopping: { size: '1d' } }),
    code: 'wrong_shape',
    place: 'windows[0].hopping.every',
  },
  {
    what: 'sessions cut sooner than they end',
    definition: withWindow({ session: { gap: '1h', max: '30m' } }),
    code: 'out_of_bounds',
    place: 'windows[0].session.max',
  },
  {
    what: 'sessions without a gap',
    definition: withWindow({ session: {} }),
    code: 'wrong_shape',
    place: 'windows[0].session.gap',
  },
  {
    what: 'a window longer than events are kept',
    definition: { ...Object(withWindow({ tumbling: '10d' })), keep: '10d' },
    code: 'out_of_bounds',
    place: 'windows[0]',
  },
  {
    what: 'a window of an unknown property',
    definition: withWindow({ tumbling: '1m', by: ['kin'] }),
    code: 'unknown_property',
    place: 'windows[0].by[0]',
    says: 'No event of this window has "kin". Did you mean "kind"?',
  },
  {
    what: 'a window with the name of a rollup',
    definition: withWindow({ name: 'revenue', tumbling: '1m' }),
    code: 'name_taken',
    place: 'windows[0].name',
    says: 'rollups[0] is called "revenue" too.',
  },
  {
    what: 'a measure with the name of a column of windows',
    definition: withWindow({ tumbling: '1m', measures: { window_end: count() } }),
    code: 'reserved_name',
    place: 'windows[0].measures.window_end',
  },
  {
    what: 'a condition on a measure that is not there',
    definition: withWindow({ tumbling: '1m', having: { m: 1 } }),
    code: 'unknown_property',
    place: 'windows[0].having.m',
    says: 'This window has no measure "m".',
  },
  {
    what: 'a condition of another type than the measure',
    definition: withWindow({ tumbling: '1m', having: { n: { gt: 1.5 } } }),
    code: 'wrong_type',
    place: 'windows[0].having.n.gt',
  },
  {
    what: 'an alert on a window that is not there',
    definition: withAlert({ on: 'v' }),
    code: 'unknown_window',
    place: 'alerts[0].on',
    says: 'There is no window "v".',
  },
  {
    what: 'an alert on a measure that is not there',
    definition: withAlert({ when: { m: 1 } }),
    code: 'unknown_property',
    place: 'alerts[0].when.m',
    says: 'This window has no measure "m".',
  },
  {
    what: 'a webhook that is a file',
    definition: withAlert({ webhook: 'file:///etc/passwd' }),
    code: 'bad_value',
    place: 'alerts[0].webhook',
  },
  {
    what: 'a webhook with a password',
    definition: withAlert({ webhook: 'https://me:secret@example.com/' }),
    code: 'bad_value',
    place: 'alerts[0].webhook',
  },
  {
    what: 'an alert with a name that is no name',
    definition: withAlert({ name: '../a' }),
    code: 'bad_name',
    place: 'alerts[0].name',
  },
  {
    what: 'partitions by year',
    definition: { ...shop, partitioning: { by: 'year' } },
    code: 'bad_value',
    place: 'partitioning.by',
  },
  {
    what: 'a partition of an unknown event',
    definition: { ...shop, partitioning: { ownTypes: ['views'] } },
    code: 'unknown_event',
    place: 'partitioning.ownTypes[0]',
    says: 'Did you mean "view"?',
  },
  {
    what: 'too many parts by day',
    definition: { ...shop, partitioning: { by: 'day', partsPerInsert: 27 } },
    code: 'parts_budget',
    place: 'partitioning',
    says: '28 parts: 7 partitions for types of event × 4 days. The budget is 27.',
  },
  {
    what: 'too many types by month',
    definition: {
      name: 'wide',
      events: Object.fromEntries(Array.from({ length: 46 }, (_, i) => [`e${i}`, event({})])),
    },
    code: 'parts_budget',
    place: 'partitioning',
    says: 'ownTypes',
  },
  {
    what: 'no parts at all',
    definition: { ...shop, partitioning: { partsPerInsert: 0 } },
    code: 'out_of_bounds',
    place: 'partitioning.partsPerInsert',
  },
];

describe('contradictions', () => {
  it('has none in a sound pipeline', () => {
    expect(contradictions(shop)).toEqual([]);
  });

  it.each(cases)('finds $what', ({ definition, code, place, says }) => {
    const found = contradictions(definition);
    expect(found.map((one) => `${one.code} ${one.place}`)).toContain(`${code} ${place}`);
    const told = found.map(({ message, mend }) => `${message} ${mend}`).join('\n');
    expect(told).toContain(says ?? '');
    for (const { message, mend } of found) {
      expect(message).toMatch(/\.$/);
      expect(mend).not.toBe('');
    }
  });

  it('finds nothing else in most of them', () => {
    const sole = cases.filter(({ definition }) => contradictions(definition).length === 1);
    expect(sole.length).toBeGreaterThan(cases.length * 0.9);
  });

  it('keeps few types apart by day when the others share a partition', () => {
    const partitioning = { by: 'day', ownTypes: ['view'], partsPerInsert: 8 };
    expect(contradictions({ ...shop, partitioning })).toEqual([]);
  });

  it('lets a pipeline take the name of a built-in event', () => {
    const events = { ...shop.events, page: event({ path: string() }) };
    expect(contradictions({ ...shop, events })).toEqual([]);
  });

  it('finds fault with anything, and never throws', () => {
    const definition = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
      fc
        .array(fc.tuple(fc.constantFrom(...paths(shop)), fc.anything({ withBigInt: true })), {
          minLength: 1,
          maxLength: 3,
        })
        .map((changes) =>
          changes.reduce<unknown>((whole, [path, value]) => replaced(whole, path, value), shop),
        ),
    );
    fc.assert(
      fc.property(definition, (given) => {
        for (const { place, message, mend } of contradictions(given))
          expect([typeof place, message.length > 0, mend.length > 0]).toEqual([
            'string',
            true,
            true,
          ]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('assertPipeline', () => {
  it('says everything at once', () => {
    expect(() => assertPipeline(shop)).not.toThrow();
    const definition = {
      ...(withRollup({ from: 'purchas', every: 'minutes' }) as object),
      keep: '1s',
    };
    expect(() => assertPipeline(definition)).toThrow(
      expect.objectContaining({
        code: 'pipeline_invalid',
        message: expect.stringMatching(/3 places:\n {2}keep: .*\n.*every: .*\n.*from: .*purchase/),
      }),
    );
  });
});

/** Every place in a value, as lists of keys. */
function paths(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => paths(inner).map((path) => [key, ...path])),
  ];
}

function replaced(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined || typeof whole !== 'object' || whole === null) return value;
  const inner: unknown = Object.entries(whole).find(([name]) => name === key)?.[1];
  const changed = replaced(inner, rest, value);
  if (Array.isArray(whole)) return whole.map((one, i) => (String(i) === key ? changed : one));
  return { ...whole, [key]: changed };
}
