import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../compile/clickhouse/test-store.suite.ts';
import { event, type Pipeline, string } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { requireTables } from './require-tables.ts';

const pipeline: Pipeline = {
  name: 'shop',
  events: { view: event({ page: string() }) },
  rollups: [],
};
const plan = planOf(pipeline);
let the: TestStore;
beforeAll(async () => {
  the = await openTestStore();
  await the.make(plan, 'shop');
});
afterAll(() => the.close());

const modify = (column: string) =>
  the.store.define(`ALTER TABLE shop.events MODIFY COLUMN ${column}`);

test('tables are those of the plan whatever has files of its own in them', async () => {
  await modify('context JSON(max_dynamic_paths = 7)');
  expect(await requireTables(the.store, plan, 'shop')).toContain('events');
});

test('a column of another type is named', async () => {
  await modify('context String');
  await expect(requireTables(the.store, plan, 'shop')).rejects.toMatchObject({
    code: 'tables_differ',
    message: expect.stringContaining('events.context'),
  });
});
