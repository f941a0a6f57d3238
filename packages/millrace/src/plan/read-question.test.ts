import { describe, expect, it } from 'vitest';
import { count, decimal, definePipeline, event, object, oneOf, string, uniq } from '../index.ts';
import { planOf } from './plan-of.ts';
import { readQuestion } from './read-question.ts';

const nowMs = Date.UTC(2026, 10, 30, 12, 0, 30);
const plan = planOf(
  definePipeline({
    name: 'shop',
    events: {
      purchase: event({
        value: decimal(18, 2),
        currency: oneOf('EUR', 'GBP'),
        address: object({ city: string() }),
      }),
      view: event({ product: string() }),
    },
  }),
);
const read = (document: unknown) =>
  readQuestion(document, plan, { knowsZone: (zone) => zone !== 'No/Where', nowMs });
const orders = { orders: count() };
const aDay = { from: 'view', since: '2026-11-01', until: '2026-11-02' };

describe('a question', () => {
  it('is resolved against the pipeline', () => {
    expect(
      read({
        from: ['purchase', 'view'],
        measures: { revenue: { kind: 'sum', field: 'value' } },
        by: ['address.city'],
        where: { currency: 'EUR' },
        since: '2026-11-01',
        until: '2026-11-02T12:00:00+01:00',
        every: 'hour',
        zone: 'Europe/London',
        order: { revenue: 'desc' },
        limit: 3,
      }),
    ).toEqual({
      kind: 'series',
      from: ['purchase', 'view'],
      measures: [
        {
          name: 'revenue',
          kind: 'sum',
          field: { source: 'property', path: ['value'], type: decimal(18, 2) },
        },
      ],
      by: [
        {
          name: 'address_city',
          field: { source: 'property', path: ['address', 'city'], type: { kind: 'string' } },
        },
      ],
      where: {
        kind: 'compare',
        field: { source: 'property', path: ['currency'], type: oneOf('EUR', 'GBP') },
        operator: 'eq',
        value: 'EUR',
      },
      sinceMs: Date.UTC(2026, 10, 1),
      untilMs: Date.UTC(2026, 10, 2, 11),
      every: 'hour',
      zone: 'Europe/London',
      order: [{ column: 'revenue', descending: true }],
      groupsMax: null,
      previousByMs: null,
      sample: null,
      rowsMax: 3,
      fill: false,
      ageMsMax: 0,
      explain: false,
    });
  });

  it('takes times as milliseconds, too', () => {
    const asked = { from: 'view', measures: orders, since: 0, until: Date.UTC(2026, 10, 1) };
    expect(read(asked)).toMatchObject({ sinceMs: 0, untilMs: Date.UTC(2026, 10, 1) });
  });

  it('may be about a built-in type, and need say no more than what is counted', () => {
    expect(read({ from: 'page', measures: orders })).toMatchObject({
      from: ['page'],
      where: null,
      every: null,
      zone: 'UTC',
      rowsMax: 1_000,
    });
  });

  it('counts groups where all others are one, the greatest of the first measure before', () => {
    const asked = { from: 'view', measures: orders, by: ['product'], limit: 5, other: true };
    expect(read(asked)).toMatchObject({
      groupsMax: 5,
      rowsMax: 10_000,
      order: [{ column: 'orders', descending: true }],
    });
  });

  it('may be a funnel, whose steps are later where they could be the same event', () => {
    const steps = [{ from: 'view' }, { from: ['purchase', 'page'] }, { from: ['view', 'page'] }];
    expect(read({ kind: 'funnel', steps, within: '1h', by: ['product'] })).toMatchObject({
      kind: 'funnel',
      steps: [
        { from: ['view'], where: null, laterMs: 0 },
        { from: ['purchase', 'page'], laterMs: 0 },
        { from: ['view', 'page'], laterMs: 1 },
      ],
      withinMs: 3_600_000,
      per: 'user_id',
      by: [{ name: 'product' }],
      levels: [0.5],
    });
  });

  it('may be about those who come back', () => {
    const asked = { kind: 'retention', first: { from: 'view' }, every: 'week', zone: 'Asia/Tokyo' };
    expect(read(asked)).toMatchObject({
      first: { from: ['view'], where: null },
      back: { from: null, where: null },
      every: 'week',
      zone: 'Asia/Tokyo',
      periods: 8,
    });
  });

  it('may be about sessions of all events', () => {
    const asked = { kind: 'sessions', where: { product: 'a' }, entry: ['address.city'] };
    expect(read(asked)).toMatchObject({
      of: { from: null, where: { kind: 'compare', value: 'a' } },
      gapMs: 1_800_000,
      every: null,
      entry: [{ name: 'entry_address_city' }],
      exit: [],
    });
  });

  it('may be about whole minutes, the one under way among them', () => {
    expect(read({ kind: 'live', minutes: 2, per: 'session_id' })).toMatchObject({
      of: { from: null, where: null },
      per: 'session_id',
      sinceMs: Date.UTC(2026, 10, 30, 11, 59),
      untilMs: Date.UTC(2026, 10, 30, 12, 1),
      rowsMax: 3,
    });
  });

  it.each<[unknown, string]>([
    [{ kind: 'retention' }, 'every: undefined is not the width of a cohort.'],
    [{ kind: 'retention', every: 'hour' }, 'every: "hour" is not the width of a cohort.'],
    [{ kind: 'retention', every: 'day', first: { from: 'vew' } }, 'first.from: There is no event'],
    [{ kind: 'retention', every: 'day', return: [] }, 'return: This is a list, not an object.'],
    [
      { kind: 'retention', every: 'day', return: { from: 'view', where: { value: 1 } } },
      'return.where.value: No event of this question has "value".',
    ],
    [{ kind: 'retention', every: 'day', periods: 0 }, 'periods: This is 0.'],
    [{ kind: 'sessions', gap: '1y' }, 'gap: "1y" is not a duration.'],
    [{ kind: 'sessions', from: 'view', entry: ['value'] }, 'entry[0]: No event of this question'],
    [{ kind: 'sessions', exit: ['product', 'product'] }, 'exit[1]: There is a column "product"'],
    [{ kind: 'sessions', every: 'year' }, 'every: "year" is not the width of a bucket.'],
    [{ kind: 'live', minutes: 1_441 }, 'minutes: This is 1441.'],
    [{ kind: 'live', since: 0 }, 'since: There is no option "since" here.'],
    [{ kind: 'funel' }, 'kind: There are no questions of the kind "funel". Did you mean "funnel"?'],
    [{ kind: 'funnel', steps: [{ from: 'view' }] }, 'steps: These are 1 steps.'],
    [{ kind: 'funnel', steps: [{ from: 'vew' }] }, 'steps[0].from: There is no event "vew".'],
    [{ kind: 'funnel', steps: 'view' }, 'steps: This is "view", not a list.'],
    [{ kind: 'funnel', steps: [1] }, 'steps[0]: This is 1, not an object.'],
    [{ kind: 'funnel', steps: [] }, 'within: This is missing.'],
    [{ kind: 'funnel', within: '0s' }, 'within: "0s" is out of bounds.'],
    [{ kind: 'funnel', within: 'soon' }, 'within: "soon" is not a duration.'],
    [{ kind: 'funnel', per: 'type' }, 'per: "type" does not tell people apart.'],
    [{ kind: 'funnel', levels: [2] }, 'levels: The levels are shares'],
    [{ kind: 'funnel', measures: orders }, 'measures: There is no option "measures" here.'],
    [
      { kind: 'funnel', steps: [{ from: 'view' }], by: ['value'] },
      'by[0]: No event of this step has "value".',
    ],
    [
      { kind: 'funnel', steps: [{ from: 'view', where: { value: 1 } }] },
      'steps[0].where.value: No event of this step has "value".',
    ],
    [null, 'question: This is null, not an object.'],
    [[], 'question: This is a list'],
    [{ measures: orders }, 'from: There is no event undefined.'],
    [{ from: 'purchse', measures: orders }, 'from: There is no event "purchse". Did you mean'],
    [{ from: 'view' }, 'measures: Here are 0 measures.'],
    [{ from: 'view', measures: { n: { kind: 'sum', field: 'product' } } }, 'measures.n: sum takes'],
    [{ from: 'view', measures: orders, by: ['value'] }, 'by[0]: No event of this question has'],
    [{ from: 'view', measures: orders, by: ['product', 'product'] }, 'by[1]: There is a column'],
    [{ from: 'purchase', measures: orders, where: { currency: 'USD' } }, 'where.currency: "USD"'],
    [{ from: 'view', measures: orders, every: 'year' }, 'every: "year" is not the width'],
    [{ from: 'view', measures: orders, zone: 'No/Where' }, 'zone: There is no time zone'],
    [{ from: 'view', measures: orders, zone: 'Mars/Base' }, 'zone: There is no time zone'],
    [{ from: 'view', measures: orders, since: 'soon' }, 'since: "soon" is not a time'],
    [{ from: 'view', measures: orders, since: 1e300 }, 'since: 1e+300 is not a time'],
    [{ from: 'view', measures: orders, since: 1.5 }, 'since: 1.5 is not a time'],
    [
      { from: 'view', measures: orders, since: '2026-01-02', until: '2026-01-02' },
      'until: The range ends before it begins.',
    ],
    [
      { from: 'view', measures: orders, order: { bucket: 'asc' } },
      'order.bucket: The answer has no',
    ],
    [{ from: 'view', measures: orders, order: { orders: 'up' } }, 'order.orders: This is "up".'],
    [{ from: 'view', measures: orders, order: [] }, 'order: This is a list.'],
    [{ from: 'view', measures: orders, limit: 0 }, 'limit: This is 0.'],
    [{ from: 'view', measures: orders, limit: 10_001 }, 'limit: This is 10001.'],
    [{ from: 'view', measures: orders, fill: 'yes' }, 'fill: This is "yes".'],
    [{ from: 'view', measures: orders, fill: true }, 'fill: Only buckets between two times'],
    [
      {
        from: 'view',
        measures: orders,
        every: 'second',
        since: '2026-01-01',
        until: '2026-01-02',
        fill: true,
      },
      'fill: These are 86400 buckets.',
    ],
    [{ from: 'view', measures: orders, other: 1 }, 'other: This is 1.'],
    [{ from: 'view', measures: orders, by: ['product'], other: true }, 'other: Only groups beyond'],
    [
      {
        from: 'view',
        measures: orders,
        by: ['product'],
        every: 'day',
        order: { bucket: 'asc' },
        limit: 1,
        other: true,
      },
      'order.bucket: This orders groups',
    ],
    [{ from: 'view', measures: { other: count() }, other: true }, 'measures.other: "other" is a'],
    [{ from: 'view', measures: orders, compare: 'week' }, 'compare: This is "week".'],
    [{ from: 'view', measures: orders, compare: 'previous' }, 'compare: Only a range between'],
    [
      {
        from: 'view',
        measures: { ...orders, orders_previous: count() },
        since: '2026-01-01',
        until: '2026-01-02',
        compare: 'previous',
      },
      'compare: There would be two columns "orders_previous".',
    ],
    [
      {
        from: 'view',
        measures: orders,
        since: '1950-01-01',
        until: '2026-01-02',
        compare: 'previous',
      },
      'compare: The period before would begin before the year 1900.',
    ],
    [{ from: 'view', measures: orders, sample: 'auto' }, 'sample: Only a range between two times'],
    [{ ...aDay, measures: orders, sample: 0.6 }, 'sample: This is 0.6. Say auto, or a share from'],
    [{ ...aDay, measures: orders, sample: 0.0009 }, 'sample: This is 0.0009.'],
    [
      { ...aDay, measures: { people: uniq('user_id') }, sample: 0.1 },
      'measures.people: What uniq is of a part of the time says too little',
    ],
    [{ ...aDay, measures: orders, sample: 0.1, compare: 'previous' }, 'compare: This goes only'],
    [{ ...aDay, measures: orders, sample: 0.1, every: 'minute' }, 'sample: These are 1440 buckets'],
    [
      { ...aDay, until: '2026-11-01T00:00:00.400Z', measures: orders, sample: 'auto' },
      'sample: The slices of so short a range',
    ],
    [
      { ...aDay, measures: { ...orders, orders_low: count() }, sample: 0.1 },
      'sample: There would be two columns "orders_low".',
    ],
    [{ kind: 'live', sample: 0.1 }, 'sample: There is no option "sample" here.'],
    [{ from: 'view', measures: orders, explain: 'all' }, 'explain: This is "all".'],
    [{ from: 'view', measures: orders, group: [] }, 'group: There is no option "group" here.'],
    [{ from: 'view', measures: { bucket: count() } }, 'measures.bucket: "bucket" is a column'],
  ])('%j is refused with the place', (document, message) => {
    expect(() => read(document)).toThrowError(
      expect.objectContaining({
        code: 'question_invalid',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('is told all its mistakes at once', () => {
    expect(() => read({ from: 'view', measures: {}, every: 1, limit: 'all' })).toThrowError(
      /limit: .*\nmeasures: .*\nevery: /s,
    );
  });
});
