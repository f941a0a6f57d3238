import { describe, expect, test } from 'vitest';
import { csvOf } from './csv.ts';
import type { Field } from './fields.ts';
import { filterText, readFilter, whereOf } from './filters.ts';
import { askedMeasures, measureText, readMeasure } from './measures.ts';
import { timesOf, wallMs, wallText } from './range.ts';
import { typescriptText } from './typescript-text.ts';

const fields: readonly Field[] = [
  { name: 'value', kind: 'decimal' },
  { name: 'quantity', kind: 'int32' },
  { name: 'currency', kind: 'enum', values: ['EUR', 'USD'] },
  { name: 'late', kind: 'boolean' },
];

describe('filters', () => {
  const where = (...texts: readonly string[]) =>
    whereOf(
      texts.flatMap((text) => readFilter(text) ?? []),
      fields,
    );

  test('become the condition of a question, with values of the type of their field', () => {
    expect(
      where('value:gte:250.00', 'quantity:in:1, 2', 'currency:eq:EUR', 'late:ne:true'),
    ).toEqual({
      value: { gte: '250.00' },
      quantity: { in: [1, 2] },
      currency: 'EUR',
      late: { ne: true },
    });
    expect(where('quantity:absent:')).toEqual({ quantity: { present: false } });
  });

  test('of one field stand side by side', () => {
    expect(where('quantity:gt:1', 'quantity:lt:9')).toEqual({
      and: [{ quantity: { gt: 1 } }, { quantity: { lt: 9 } }],
    });
  });

  test('count once they have a value; one that does not fit is left for the server to refuse', () => {
    expect(where('quantity:eq:')).toBeUndefined();
    expect(where('quantity:eq:many')).toEqual({ quantity: 'many' });
  });

  test('come back from an address as they were', () => {
    const filter = { field: 'currency', operator: 'eq', value: 'a:b&c=d%' } as const;
    const params = new URLSearchParams({ where: filterText(filter) });
    expect(readFilter(new URLSearchParams(params.toString()).get('where') ?? '')).toEqual(filter);
    expect(readFilter('value:drop:1')).toBeUndefined();
  });
});

describe('measures', () => {
  test('come back from an address as they were', () => {
    for (const text of ['count', 'sum:value', 'quantiles:value:0.5,0.99']) {
      const measure = readMeasure(text);
      expect(measure && measureText(measure)).toBe(text);
    }
    expect(readMeasure('median:value')).toBeUndefined();
  });

  test('have names that columns may have, each its own', () => {
    const measures = ['count', 'count', 'sum:cartValue', 'max:address.zip'].flatMap(
      (text) => readMeasure(text) ?? [],
    );
    expect(Object.keys(askedMeasures(measures, ['sum_cart_value']))).toEqual([
      'count',
      'count_2',
      'sum_cart_value_2',
      'max_address_zip',
    ]);
  });
});

describe('ranges', () => {
  const at = (text: string): number => Date.parse(text);

  test('end with the bucket that is under way, by the clock of the zone', () => {
    const now = at('2025-03-05T10:20:30Z');
    expect(timesOf({ span: '24h' }, 'hour', 'UTC', now)).toEqual({
      sinceMs: at('2025-03-04T11:00:00Z'),
      untilMs: at('2025-03-05T11:00:00Z'),
    });
    expect(timesOf({ span: '7d' }, 'day', 'Asia/Tokyo', now)).toEqual({
      sinceMs: at('2025-02-26T15:00:00Z'),
      untilMs: at('2025-03-05T15:00:00Z'),
    });
  });

  test('a clock of the zone and back, on both sides of its change', () => {
    for (const text of ['2025-03-30T00:59:59Z', '2025-03-30T01:00:00Z', '2025-10-26T02:00:00Z']) {
      const ms = at(text);
      expect(wallMs(wallText(ms, 'Europe/London'), 'Europe/London')).toBe(ms);
    }
    expect(wallText(at('2025-07-01T12:00:00Z'), 'Europe/London')).toBe('2025-07-01T13:00:00');
    expect(wallMs('', 'UTC')).toBeNaN();
  });
});

test('a question as TypeScript', () => {
  expect(
    typescriptText(
      'query',
      {
        from: ['purchase'],
        measures: {
          count: { kind: 'count' },
          sum_value: { kind: 'sum', field: 'value' },
          quantiles_value: { kind: 'quantiles', field: 'value', levels: [0.5] },
        },
        where: { 'address.city': 'O\'Fallon \\ "x"\n', value: { gte: '1.50' } },
        limit: 6,
        other: true,
      },
      'http://127.0.0.1:8080',
    ),
  ).toBe(`import { count, createClient, quantiles, sum } from 'millrace/client';
import type pipeline from './millrace.config.ts';

const millrace = createClient<typeof pipeline>({ url: 'http://127.0.0.1:8080' });
const { rows } = await millrace.query({
  from: ['purchase'],
  where: { 'address.city': 'O\\'Fallon \\\\ "x"\\n', value: { gte: '1.50' } },
  limit: 6,
  other: true,
  measures: {
    count: count(),
    sum_value: sum('value'),
    quantiles_value: quantiles('value', [0.5]),
  },
});`);
});

test('an answer as CSV keeps every digit, quotes what must be, and has no formulas', () => {
  const columns = [
    { name: 'bucket', type: 'timestamp' },
    { name: 'name', type: 'string' },
    { name: 'sum', type: 'decimal' },
  ] as const;
  const rows = [
    { bucket: '2025-01-01T00:00:00Z', name: 'a "b", c', sum: '-12345678901234567.89' },
    { bucket: '2025-01-02T00:00:00Z', name: '=HYPERLINK("x")', sum: null },
  ];
  expect(csvOf({ columns, rows })).toBe(
    [
      'bucket,name,sum',
      '2025-01-01T00:00:00Z,"a ""b"", c",-12345678901234567.89',
      `2025-01-02T00:00:00Z,"'=HYPERLINK(""x"")",`,
      '',
    ].join('\r\n'),
  );
});
