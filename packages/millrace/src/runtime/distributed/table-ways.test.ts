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
