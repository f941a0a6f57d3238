import { expect, test } from 'vitest';
import { ownerOf } from './storage.ts';

const defined = { rollups: [{ name: 'revenue' }], windows: [{ name: 'busy_users' }] };

test.each([
  ['events', 'events', null],
  ['events__local', 'events', null],
  ['dead_letters', 'dead_letters', null],
  ['dead_letters__retried', 'dead_letters', null],
  ['revenue__v1', 'rollup', 'revenue'],
  ['revenue__v12__local', 'rollup', 'revenue'],
  ['busy_users__v2', 'window', 'busy_users'],
  ['gone__v1', 'other', null],
  ['revenue_of_old__v1', 'other', null],
])('%s is of %s', (table, of, belongs_to) => {
  expect(ownerOf(table, defined)).toEqual({ of, belongs_to });
});
