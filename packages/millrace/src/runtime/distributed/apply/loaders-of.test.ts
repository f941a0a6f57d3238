import { expect, test } from 'vitest';
import { loadersOf } from './loaders-of.ts';

const clean = {
  ...{ name: 'shop.clean', partitions: 3, replication: 1, config: {} },
  ranges: [
    { start: 0, end: 9 },
    { start: 4, end: 9 },
    { start: 0, end: 9 },
  ],
};
const committed = (topic: string, partition: number, offset: number, metadata = '') => ({
  ...{ topic, partition, offset, metadata },
});

test('what loaders committed is stored; where they did not, what is gone', () => {
  const offsets = [committed('shop.clean', 0, 7), committed('shop.clean', 2, -1)];
  const group = { members: 2, topics: [], offsets };
  expect(loadersOf(group, clean, ['shop.clean'])).toEqual({
    ...{ running: 2, inserting: false, stored: [7, 4, 0] },
  });
});

test('an insert that nobody will repeat, as its table is gone, is not under way', () => {
  const offsets = [
    committed('shop.clean', 0, 7),
    committed('shop.by_day__v1', 1, 3, '[{"from":3,"to":5}]'),
  ];
  const inserting = (...loaded: readonly string[]): boolean =>
    loadersOf({ members: 0, topics: [], offsets }, clean, loaded).inserting;
  expect(inserting('shop.clean', 'shop.by_day__v1')).toBe(true);
  expect(inserting('shop.clean', 'shop.by_day__v2')).toBe(false);
});
