import { expect, test } from 'vitest';
import { count, definePipeline, event, rollup, string } from '../../index.ts';
import type { RollupPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { type Applied, nothingApplied } from './apply/applied.ts';
import { newFill, type RollupVersion } from './apply/rollup-version.ts';
import { ServedRollups } from './served-rollups.ts';

const byDay = (every: 'day' | 'hour') =>
  definePipeline({
    ...{ name: 'shop', events: { view: event({ product_id: string() }) } },
    rollups: [rollup('by_day', { from: 'view', every, measures: { views: count() } })],
  });
const before = planOf(byDay('day'));
const after = planOf(byDay('hour'), before);
const [v1 = expect.fail('no rollup')] = before.rollups;
const [v2 = expect.fail('no rollup')] = after.rollups;

const served = (applied: Applied | null): ServedRollups =>
  new ServedRollups(before, new Set(['by_day__v1', 'by_day__v1__deltas__fill']), { applied });
const tablesOf = ({ now }: ServedRollups): readonly string[] =>
  now.map(({ rollup: { table } }) => table);
const withVersions = (...versions: readonly RollupVersion[]): Applied => ({
  ...{ ...nothingApplied, plan: after },
  rollups: Object.fromEntries(versions.map((version) => [version.rollup.table, version])),
});
const version = (made: RollupPlan, stage: RollupVersion['stage'], events = 0): RollupVersion => ({
  ...{ rollup: made, stage },
  fill: events === 0 ? null : { ...newFill([5], events), eventsDone: 4, completeSinceMs: 0 },
});

test('are none while nobody knows which, and those of the definition where nothing was applied', () => {
  expect(tablesOf(served(null))).toEqual([]);
  expect(served(null).statuses).toMatchObject([{ state: 'ready', served_by: 'events' }]);
  const untouched = served(nothingApplied);
  expect(tablesOf(untouched)).toEqual(['by_day__v1']);
  expect([...untouched.ways.keys()]).toEqual(['events', 'by_day__v1']);
});

test('are those that were shown, whatever the definition says', () => {
  const filling = served(withVersions(version(v1, 'shown'), version(v2, 'filling', 9)));
  expect(tablesOf(filling)).toEqual(['by_day__v1']);
  expect(filling.statuses).toMatchObject([
    { version: 2, state: 'filling', served_by: 'by_day v1', events_to_fill: 9, events_filled: 4 },
  ]);
  const shown = served(withVersions(version(v1, 'leaving'), version(v2, 'shown', 9)));
  expect(tablesOf(shown)).toEqual(['by_day__v2']);
  expect([...shown.ways.keys()]).toEqual(['events', 'by_day__v2']);
  expect(shown.statuses).toMatchObject([
    {
      version: 2,
      state: 'ready',
      served_by: 'by_day v2',
      complete_since: '1970-01-01T00:00:00.000Z',
    },
  ]);
});

test('are none of a name whose first version is being filled', () => {
  const first = served(withVersions(version(v1, 'filled', 9)));
  expect(tablesOf(first)).toEqual([]);
  expect(first.statuses).toMatchObject([{ version: 1, state: 'filling', served_by: 'events' }]);
});
