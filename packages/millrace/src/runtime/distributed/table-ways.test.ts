import { expect, test } from 'vitest';
import ledger from '../../../../../tests/support/ledger.config.ts';
import { planOf } from '../../plan/plan-of.ts';
import { tableWays } from './table-ways.ts';

test('the way to a rollup is known where a view fills it', () => {
  const ways = tableWays(planOf(ledger), new Set(['by_minute__v1__fill']));
  const steps = [
    { group: 'ledger.dedup', log: 'ledger.raw' },
    { group: 'ledger.loader', log: 'ledger.clean' },
  ];
  expect([...ways]).toEqual([
    ['events', steps],
    ['by_minute__v1', steps],
  ]);
});

test('the way to one that Flink computes leads through its job, which holds things back', () => {
  const ways = tableWays(planOf(ledger), new Set(['by_minute__v1__deltas__fill']));
  expect(ways.get('by_minute__v1')).toEqual([
    { group: 'ledger.dedup', log: 'ledger.raw' },
    { group: 'ledger.by_minute__v1', log: 'ledger.clean', holdsMs: 2_000 },
    { group: 'ledger.loader', log: 'ledger.by_minute__v1' },
  ]);
});
