import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  avg,
  count,
  decimal,
  event,
  int32,
  object,
  optional,
  type Pipeline,
  rollup,
  string,
  sum,
  uniq,
} from '../../index.ts';
import type { Plan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { type ClickHouseMigration, clickhouseMigration } from './migration.ts';
import type { CanonicalEvent } from './naive.suite.ts';
import { fillFromEvents } from './rollup-fill.ts';
import { createVersion, showVersion } from './rollup-versions.ts';
import { openTestStore, type Row, type TestStore } from './test-store.suite.ts';

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

const orders = rollup('orders', {
  from: 'purchase',
  every: 'day',
  by: ['currency'],
  measures: { n: count(), revenue: sum('value') },
});
const purchase = event({ value: decimal(18, 2), currency: string() });
const base: Pipeline = { name: 'shop', events: { purchase }, rollups: [orders] };

/** The same for all, whenever a day or a month ends. */
const nowMs = Date.now();

const bought = (id: string, value: string, more: object = {}): CanonicalEvent => ({
  event_id: id,
  type: 'purchase',
  timestamp: nowMs - 3 * 86_400_000,
  received_at: nowMs,
  appended_at: nowMs,
  late: false,
  user_id: `u${id}`,
  properties: { value, currency: 'EUR', ...more },
});

let databases = 0;
/** The shop with two purchases in it. */
const stocked = async (more: object = {}): Promise<{ database: string; before: Plan }> => {
  databases += 1;
  const database = `m${databases}`;
  const before = planOf(base);
  await test.make(before, database);
  await test.insert(database, [bought('1', '1.50', more), bought('2', '2.00')], 'first');
  return { database, before };
};

const migrationOf = (database: string, before: Plan, after: Plan): ClickHouseMigration =>
  clickhouseMigration(before, after, { database, rollups: before.rollups });

const migrate = async (database: string, before: Plan, pipeline: Pipeline): Promise<Plan> => {
  const after = planOf(pipeline, before);
  const { checks, statements, cleanup } = migrationOf(database, before, after);
  for (const check of checks) await test.store.read(check);
  for (const statement of [...statements, ...cleanup]) await test.store.define(statement);
  return after;
};

/** Makes the table of a new version and shows it; filled in `parts` by event time. */
const fill = async (
  database: string,
  plan: Plan,
  name: string,
  ...parts: readonly number[]
): Promise<void> => {
  const { store } = test;
  const version = plan.rollups.find((one) => one.name === name);
  if (!version) throw new Error(`no rollup ${name}`);
  for (const statement of createVersion(version, plan, { database })) await store.define(statement);
  await store.define(showVersion(version, 'events', { database }));
  const fromEvents = await read(database, name);
  const ends = [...parts, Date.UTC(2290, 0, 1)];
  for (const [n, toMs] of ends.entries()) {
    const range = { fromMs: ends[n - 1] ?? Date.UTC(1900, 0, 1), toMs, cut: 1_000_000 };
    const statement = fillFromEvents(version, range, { database });
    await store.insertComputed({ statement, token: `${database} ${name} ${n}` });
  }
  await store.define(showVersion(version, 'table', { database }));
  expect(await read(database, name)).toEqual(fromEvents);
};

const tablesOf = async (database: string): Promise<readonly unknown[]> => {
  const rows = await test.rows(
    `SELECT name FROM system.tables WHERE database = '${database}' ORDER BY name`,
  );
  return rows.map(({ name }) => name);
};
const read = (database: string, name: string): Promise<readonly Row[]> =>
  test.rows(`SELECT * EXCEPT bucket FROM ${database}.${name}`);

describe('a migration of the store', () => {
  it('changes nothing where nothing changed', async () => {
    const { database, before } = await stocked();
    const { checks, statements, cleanup } = migrationOf(database, before, planOf(base, before));
    expect([checks.length, cleanup.length]).toEqual([0, 0]);
    expect(statements.filter((one) => !one.startsWith('CREATE OR REPLACE VIEW'))).toEqual([]);
  });

  it('fills a new and a changed rollup from what is stored', async () => {
    const { database, before } = await stocked();
    const wider = { ...orders, measures: { ...orders.measures, buyers: uniq('user_id') } };
    const means = rollup('means', {
      from: 'purchase',
      every: 'month',
      measures: { mean: avg('value') },
    });
    const after = await migrate(database, before, { ...base, rollups: [wider, means] });
    await fill(database, after, 'orders', Date.now() - 86_400_000, Date.now());
    await fill(database, after, 'means');
    await test.insert(database, [bought('3', '4.00')], 'second');
    expect(await read(database, 'orders')).toEqual([
      { currency: 'EUR', n: '3', revenue: '7.50', buyers: '3' },
    ]);
    expect(await read(database, 'means')).toEqual([{ mean: 2.5 }]);
    expect(await tablesOf(database)).toEqual([
      'dead_letters',
      'dead_letters__retried',
      'events',
      'means',
      'means__v1',
      'means__v1__fill',
      'orders',
      'orders__v1',
      'orders__v1__fill',
      'orders__v2',
      'orders__v2__fill',
    ]);
  });

  it('gives stored undeclared values the type they are declared with', async () => {
    const { database, before } = await stocked({
      stars: 5,
      place: { city: 'Rome' },
      'a.b': 'kept',
    });
    const declared = event({
      ...purchase.properties,
      stars: optional(int32()),
      place: optional(object({ city: string() })),
    });
    const total = rollup('stars', {
      from: 'purchase',
      every: 'day',
      by: ['place.city'],
      measures: { total: sum('stars') },
    });
    const after = await migrate(database, before, {
      ...base,
      events: { purchase: declared },
      rollups: [orders, total],
    });
    await fill(database, after, 'stars');
    await test.insert(
      database,
      [bought('3', '4.00', { stars: 2, place: { city: 'Rome' } })],
      'second',
    );
    expect(await read(database, 'orders')).toEqual([{ currency: 'EUR', n: '3', revenue: '7.50' }]);
    const stars = await read(database, 'stars');
    expect(stars.toSorted((a, b) => (String(a.total) < String(b.total) ? -1 : 1))).toEqual([
      { place_city: null, total: '0' },
      { place_city: 'Rome', total: '7' },
    ]);
    expect(
      await test.rows(
        `SELECT toTypeName(properties.stars) AS type, properties.\`a%2Eb\` AS dotted
         FROM ${database}.events WHERE event_id = '1'`,
      ),
    ).toEqual([{ type: 'Nullable(Int32)', dotted: 'kept' }]);
  });

  it('refuses, before anything has changed, a type that stored values do not fit', async () => {
    const { database, before } = await stocked({ stars: 'many' });
    const declared = event({ ...purchase.properties, stars: optional(int32()) });
    const after = planOf({ ...base, events: { purchase: declared } }, before);
    const { checks } = migrationOf(database, before, after);
    const [check = ''] = checks;
    await expect(test.store.read(check)).rejects.toMatchObject({ code: 117 });
    expect(
      await test.rows(
        `SELECT properties.stars AS stars FROM ${database}.events WHERE event_id = '1'`,
      ),
    ).toEqual([{ stars: 'many' }]);
  });

  it('changes how long rows are kept, both ways, and may be run again', async () => {
    const { database, before } = await stocked();
    const days = (keep: Pipeline['keep'], rollupKeep: Pipeline['keep']): Pipeline => ({
      ...base,
      ...(keep ? { keep } : {}),
      partitioning: { partsPerInsert: keep ? 50 : 100 },
      rollups: [rollupKeep ? { ...orders, keep: rollupKeep } : orders],
    });
    const ttls = async (): Promise<readonly unknown[]> => {
      const rows = await test.rows(
        `SELECT name, extract(engine_full, 'toIntervalSecond\\\\((\\\\d+)\\\\)') AS ttl,
           extract(engine_full, 'non_replicated_deduplication_window = (\\\\d+)') AS window
         FROM system.tables WHERE database = '${database}' AND name IN ('events', 'orders__v1') ORDER BY name`,
      );
      return rows.map(({ ttl, window }) => `${ttl} ${window}`);
    };
    expect(await ttls()).toEqual([' 10000', ' 10000']);
    const kept = await migrate(database, before, days('400d', '90d'));
    expect(await ttls()).toEqual(['34560000 5000', '7776000 5000']);
    expect(await read(database, 'orders')).toHaveLength(1);
    await migrate(database, kept, days(undefined, undefined));
    await migrate(database, kept, days(undefined, undefined));
    expect(await ttls()).toEqual([' 10000', ' 10000']);
    const short = await migrate(database, before, days('1d', '2d'));
    expect(short.keepMs).toBe(86_400_000);
    expect(await read(database, 'orders')).toEqual([]);
    expect(await test.rows(`SELECT event_id FROM ${database}.events`)).toEqual([]);
  });
});
