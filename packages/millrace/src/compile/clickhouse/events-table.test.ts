import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, type Pipeline, string } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import type { CanonicalEvent } from './naive.suite.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';

let the: TestStore;
beforeAll(async () => {
  the = await openTestStore();
});
afterAll(() => the.close());

const pipeline: Pipeline = {
  name: 'hostile',
  events: { view: event({ page: string() }) },
  rollups: [],
};

/** Objects in arrays, in arrays: each depth is a type of its own, with names of its own. */
const nested = (depth: number, salt: number): unknown => {
  if (depth === 0) return [1, 1.5, 'x', true, [1], [['x']]][salt % 6];
  const names = Array.from({ length: 20 }, (_, n) => [`n${n}`, nested(depth - 1, salt + n)]);
  return [Object.fromEntries(names)];
};

const ofTypes: readonly ((salt: number) => unknown)[] = [
  // The first type of a name would have files of its own: this one has most.
  (salt) => nested(1, salt),
  () => 1,
  () => 1.5,
  () => 'x',
  () => true,
  () => ['x'],
  () => [[1]],
  (salt) => [nested(1, salt)],
  (salt) => nested(2, salt),
];

const hostile = (at: number): CanonicalEvent => {
  const value = ofTypes[at % ofTypes.length];
  const named = (names: number) =>
    Object.fromEntries(Array.from({ length: names }, (_, n) => [`p${n}`, value?.(at + n)]));
  return {
    event_id: `e${at}`,
    type: 'view',
    timestamp: Date.now(),
    received_at: Date.now(),
    appended_at: Date.now(),
    late: false,
    user_id: 'u',
    properties: { page: 'x', ...named(100) },
    context: named(50),
  };
};

// A merge has the files of all its parts open, and a process may have 20,000 or
// fewer: with the engine's own bounds this part has more than that alone.
test('whatever names and types are sent, a part has few files', async () => {
  await the.make(planOf(pipeline), 'hostile');
  const table = 'hostile.events';
  await the.store.define(`ALTER TABLE ${table} MODIFY SETTING min_bytes_for_wide_part = 0`);
  const events = Array.from({ length: 20 }, (_, at) => hostile(at));
  await the.insert('hostile', events, 'all');
  await the.store.define(`OPTIMIZE TABLE ${table} FINAL`);

  const [part] = await the.rows(
    `SELECT path, part_type, rows FROM system.parts WHERE active AND database = 'hostile' AND table = 'events'`,
  );
  expect(part).toMatchObject({ part_type: 'Wide', rows: '20' });
  expect(readdirSync(String(part?.path)).length).toBeLessThan(filesMax);
});

const filesMax = 1_000;

test('an undeclared value stays what it was, whatever its name had before', async () => {
  await the.make(planOf(pipeline), 'mixed');
  const values = [1.5, 2 ** 53 - 1, true, 1, '1', [1, 'x', null]];
  const events = values.map((odd, at) => ({ ...hostile(at), properties: { page: 'x', odd } }));
  await the.insert('mixed', events, 'all');
  await the.store.define('OPTIMIZE TABLE mixed.events FINAL');
  const types = await the.rows(
    'SELECT dynamicType(properties.odd) AS type FROM mixed.events ORDER BY _offset',
  );
  expect(types.map(({ type }) => type)).toEqual([
    ...['Float64', 'Int64', 'Bool', 'Int64', 'String', 'Array(Dynamic)'],
  ]);
});
