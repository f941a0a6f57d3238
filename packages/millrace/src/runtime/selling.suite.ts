import { expect } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { print } from '../compile/clickhouse/printer.ts';
import { createRollupView } from '../compile/clickhouse/rollup-table.ts';
import type { RollupPlan } from '../plan/plan.ts';
import { database } from './database.ts';
import type { Embedded } from './embedded.ts';

/** A purchase in a shop whose rollup `sums` a test changes or makes anew. */
export interface Sale {
  readonly ageMs: number;
  readonly cents: number;
  readonly currency: string;
  readonly user: number;
}

export const dayMs = 86_400_000;
export const oneSale: Sale = { ageMs: 0, cents: 150, currency: 'EUR', user: 0 };
export const fewSales: readonly Sale[] = [0, 1, 40, 41, 90].map((days) => ({
  ...oneSale,
  ageMs: days * dayMs,
  user: days,
}));

let serial = 0;
/** Resolves once they are stored. */
export async function sell(
  { collector, eventLoader, events }: Embedded,
  sales: readonly Sale[],
): Promise<void> {
  const nowMs = Date.now();
  const batch = sales.map(({ ageMs, cents, currency, user }) => {
    serial += 1;
    return {
      event_id: `e${serial}`,
      type: 'purchase',
      timestamp: nowMs - ageMs,
      user_id: `u${user}`,
      properties: { value: (cents / 100).toFixed(2), currency },
    };
  });
  const body = Buffer.from(JSON.stringify(batch));
  const receipt = await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  expect(receipt.rejected).toEqual([]);
  await eventLoader.settled(events.end);
}

/** The rows of an answer as TSV. */
export const lines = async ({ store }: Embedded, sql: string): Promise<readonly string[]> =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .split('\n')
    .filter(Boolean);

export const shown = (from: Embedded, name = 'sums'): Promise<readonly string[]> =>
  lines(from, `SELECT * FROM ${name} ORDER BY ALL`);

/** What a rollup must show, computed from all stored events at once; the first one unless told. */
export async function recomputed(
  from: Embedded,
  version: RollupPlan = from.plan.rollups[0] ?? expect.fail('no rollup'),
): Promise<readonly string[]> {
  const name = `expected_${version.table}`;
  await from.store.define(print(createRollupView({ ...version, name }, database, 'events')));
  const expected = await shown(from, name);
  await from.store.define(`DROP VIEW ${name}`);
  return expected;
}

/** The names of the rollup's tables and views, in their order. */
export const tablesOfSums = async (of: Embedded): Promise<string> =>
  (
    await lines(
      of,
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'sums%' ORDER BY name`,
    )
  ).join(' ');
