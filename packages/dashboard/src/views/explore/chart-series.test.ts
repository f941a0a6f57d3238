import { expect, test } from 'vitest';
import { chartedOf } from './chart-series.ts';

const names = {
  group: (row: { readonly [column: string]: unknown }) => String(row.currency ?? ''),
  previous: (label: string) => `${label} before`,
  low: (label: string) => `${label} at least`,
  high: (label: string) => `${label} at most`,
};
const seconds = (text: string): number => Date.parse(text) / 1_000;

test('lines of groups over the same times; a group without a row has a gap there', () => {
  const rows = [
    { bucket: '2025-01-01T00:00:00Z', currency: 'EUR', sum: '1.50', sum_previous: '2.00' },
    { bucket: '2025-01-01T00:00:00Z', currency: 'USD', sum: '3.00', sum_previous: '0.00' },
    { bucket: '2025-01-01T01:00:00Z', currency: 'USD', sum: '4.00', sum_previous: '0.00' },
  ];
  const measure = { name: 'sum', levels: [], beside: ['previous'] as const };
  expect(chartedOf(rows, measure, 'hour', names)).toEqual({
    times: [seconds('2025-01-01T00:00:00Z'), seconds('2025-01-01T01:00:00Z')],
    series: [
      { label: 'EUR', values: [1.5, null] },
      { label: 'USD', values: [3, 4] },
      { label: 'EUR before', values: [2, null], besideOf: 0 },
      { label: 'USD before', values: [0, 0], besideOf: 1 },
    ],
  });
});

test('no line joins buckets that are not neighbours', () => {
  const rows = [
    { bucket: '2025-01-01T00:00:00Z', count: '1' },
    { bucket: '2025-01-01T05:00:00Z', count: '2' },
  ];
  const { times, series } = chartedOf(
    rows,
    { name: 'count', levels: [], beside: [] },
    'hour',
    names,
  );
  expect(times).toEqual(
    ['2025-01-01T00:00:00Z', '2025-01-01T01:00:00Z', '2025-01-01T05:00:00Z'].map(seconds),
  );
  expect(series).toEqual([{ label: 'count', values: [1, null, 2] }]);
});

test('a line for each level of quantiles', () => {
  const rows = [{ bucket: '2025-01-01T00:00:00Z', q: [1, null] }];
  const { series } = chartedOf(rows, { name: 'q', levels: [0.5, 0.9], beside: [] }, 'day', names);
  expect(series).toEqual([
    { label: '0.5', values: [1] },
    { label: '0.9', values: [null] },
  ]);
});

test('the ends of an interval are lines of their own, of what they belong to', () => {
  const rows = [{ bucket: '2025-01-01T00:00:00Z', n: '8', n_low: 6.5, n_high: null }];
  const { series } = chartedOf(
    rows,
    { name: 'n', levels: [], beside: ['low', 'high'] },
    'day',
    names,
  );
  expect(series).toEqual([
    { label: 'n', values: [8] },
    { label: 'n at least', values: [6.5], besideOf: 0 },
    { label: 'n at most', values: [null], besideOf: 0 },
  ]);
});
