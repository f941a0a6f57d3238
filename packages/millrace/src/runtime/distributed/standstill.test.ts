import { expect, test } from 'vitest';
import { Standstill } from './standstill.ts';

test('tells once that a reader stands before the end, and again where it stands next', () => {
  const standstill = new Standstill(5_000);
  const look = (committed: readonly number[], nowMs: number): readonly number[] =>
    standstill.look([0, 1], committed, [10, 20], nowMs);
  expect(look([10, 19], 0)).toEqual([]);
  expect(look([10, 19], 4_999)).toEqual([]);
  expect(look([10, 19], 5_000)).toEqual([1]);
  expect(look([10, 19], 60_000)).toEqual([]);
  // Whatever it was told of the end, only its own steps count.
  expect(look([8, 19], 61_000)).toEqual([]);
  expect(look([8, 20], 66_000)).toEqual([0]);
});

test('looks at no partition but those it is asked for', () => {
  const standstill = new Standstill(1_000);
  expect(standstill.look([1], [0, 0], [5, 5], 0)).toEqual([]);
  expect(standstill.look([1], [0, 0], [5, 5], 1_000)).toEqual([1]);
  // It is new here, however long it has stood.
  expect(standstill.look([0, 1], [0, 0], [5, 5], 2_000)).toEqual([]);
});
