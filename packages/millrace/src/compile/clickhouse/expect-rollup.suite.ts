import { expect } from 'vitest';
import type { RollupPlan } from '../../plan/plan.ts';
import { canonical, expectMeasure } from './expect-measure.suite.ts';
import { type CanonicalEvent, rowsOf } from './naive.suite.ts';
import type { Row } from './test-store.suite.ts';

/** That the rows of a rollup's view are what a recomputation from these events gives. */
export const expectRollup = (
  rollup: RollupPlan,
  given: readonly Row[],
  all: readonly CanonicalEvent[],
): void => {
  const naive = rowsOf(rollup, all);
  const keyed = new Map(
    given.map((row) => [
      JSON.stringify([
        Date.parse(String(row.bucket)),
        ...rollup.by.map(({ name, field }) => canonical(row[name], field)),
      ]),
      row,
    ]),
  );
  expect([...keyed.keys()].sort()).toEqual([...naive.keys()].sort());
  expect(given.length).toBe(naive.size);
  for (const [key, { events: of }] of naive)
    for (const measure of rollup.measures)
      expectMeasure(keyed.get(key)?.[measure.name], measure, of);
};
