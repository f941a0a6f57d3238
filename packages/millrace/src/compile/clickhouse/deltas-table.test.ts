import { expect, test } from 'vitest';
import { planOf } from '../../plan/plan-of.ts';
import { clickhouseDdl } from './ddl.ts';
import { dropDeltas } from './deltas-table.ts';
import { everyKind } from './every-kind.suite.ts';
import { openTestStore } from './test-store.suite.ts';

test('of deltas that are dropped nothing is left', async () => {
  const { store, rows, close } = await openTestStore();
  try {
    const { statements, deltas } = clickhouseDdl(planOf(everyKind), {
      ...{ database: 'given', computedBy: 'flink' },
    });
    for (const statement of statements) await store.define(statement);
    const left = () =>
      rows(
        "SELECT name FROM system.tables WHERE database = 'given' AND name LIKE '%\\_\\_deltas%'",
      );
    expect(deltas.length).toBeGreaterThan(0);
    // Where they are stored, and the view that adds them to their rollup.
    expect(await left()).toHaveLength(2 * deltas.length);
    for (const { rollup } of deltas)
      for (const statement of dropDeltas(rollup, { database: 'given' }))
        await store.define(statement);
    expect(await left()).toEqual([]);
  } finally {
    await close();
  }
});
