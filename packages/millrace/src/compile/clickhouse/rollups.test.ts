import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { count, event, rollup } from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { conditionExpression } from './condition.ts';
import { everyKind } from './every-kind.suite.ts';
import { expectRollup } from './expect-rollup.suite.ts';
import { eventsAlias } from './field.ts';
import { type CanonicalEvent, compare, fieldOf, holds } from './naive.suite.ts';
import { call } from './nodes.ts';
import { print } from './printer.ts';
import { conditionsOver, fieldsIn } from './random-conditions.suite.ts';
import { events } from './random-events.suite.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';
import { insertWindowResults } from './window-table.ts';

const plan = planOf(everyKind);
let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

let databases = 0;
const freshDatabase = async (): Promise<string> => {
  databases += 1;
  const database = `d${databases}`;
  await test.make(plan, database);
  return database;
};

describe('rollups in the store', () => {
  it('equal a recomputation, however the events are cut and repeated', async () => {
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 1, max: 99 }), async (all, cut) => {
        const database = await freshDatabase();
        const halves = [all.slice(0, cut), all.slice(cut)].filter((half) => half.length > 0);
        for (const [i, half] of [...halves, ...halves].entries())
          await test.insert(database, half, `t${i % halves.length}`);
        const [stored] = await test.rows(
          `SELECT count() AS n, uniqExact(event_id) AS ids FROM ${database}.events`,
        );
        expect(stored).toEqual({ n: String(all.length), ids: String(all.length) });
        for (const rollup of plan.rollups)
          expectRollup(rollup, await test.rows(`SELECT * FROM ${database}.${rollup.name}`), all);
        await test.store.define(`DROP DATABASE ${database} SYNC`);
      }),
      { numRuns: 5 },
    );
  });

  it('bear the extremes of every type in one bucket', async () => {
    const database = await freshDatabase();
    const ratios = [1e300, -1e300, 1e300, 1e-300, 5e-324, -1e-29, 0, 1e-10, 0.25];
    const all = ratios.map(
      (ratio, i): CanonicalEvent => ({
        event_id: `e${i}`,
        type: 'sale',
        timestamp: Date.UTC(2026, 0, 1) + i,
        received_at: [-1, 0, 10_413_791_999_999, -2_208_988_800_000][i % 4] ?? 0,
        appended_at: 0,
        late: false,
        properties: {
          ratio,
          kind: 'a',
          small: i % 3 === 0 ? -(2 ** 31) : 2 ** 31 - 1,
          big: i < 7 ? '9223372036854775807' : '-9223372036854775808',
          money: i < 7 ? '9999999999999999.99' : '-9999999999999999.99',
          fine: i % 2 === 0 ? '0.000000000000000001' : '0.999999999999999999',
          whole: '999999999999999999',
          at: i % 2 === 0 ? -1 : 10_413_791_999_999,
          place: { city: 'Rome', inner: { n: '9223372036854775807' } },
        },
      }),
    );
    for (const { table } of plan.rollups)
      await test.store.define(`SYSTEM STOP MERGES ${database}.${table}`);
    for (const [i, one] of all.slice(0, 4).entries())
      await test.insert(database, [one], `one ${i}`);
    await test.insert(database, all.slice(4), 'rest');
    for (const rollup of plan.rollups) {
      // The engine compiles a query to machine code once it has seen it a few times.
      for (let time = 0; time < 10; time++)
        expectRollup(rollup, await test.rows(`SELECT * FROM ${database}.${rollup.name}`), all);
      await test.store.define(`SYSTEM START MERGES ${database}.${rollup.table}`);
      await test.store.define(`OPTIMIZE TABLE ${database}.${rollup.table} FINAL`);
      expectRollup(rollup, await test.rows(`SELECT * FROM ${database}.${rollup.name}`), all);
    }
  });

  it.each([
    { what: 'windows of their width', span: { tumbling: '1d' } },
    { what: 'sessions as long as they', span: { session: { gap: '1d', max: '1d' } } },
  ] as const)('are what $what compute, of every kind of measure', async ({ span }) => {
    const rollups = everyKind.rollups?.map((one) => ({ ...one, every: 'day' as const })) ?? [];
    const windows = rollups.map(({ every, ...one }) => ({ ...one, ...span }));
    const daily = planOf({ ...everyKind, rollups });
    const windowed = planOf({ ...everyKind, rollups: [], windows });
    databases += 1;
    const database = `d${databases}`;
    await test.make(windowed, database);
    const all = fc
      .sample(events, { numRuns: 8, seed: 7 })
      .flatMap((list, i) =>
        list.map((event) => ({ ...event, late: false, event_id: `${i}${event.event_id}` })),
      );
    await test.insert(database, all, 'all');
    const range = {
      fromMs: Date.UTC(1910, 0, 1),
      toMs: Date.UTC(2200, 0, 1),
      emittedAtMs: Date.UTC(2026, 0, 1),
    };
    for (const window of windowed.windows) {
      const statement = insertWindowResults(window, range, { database });
      await test.store.insertComputed({ statement, token: window.table });
      const rows = await test.rows(`SELECT * FROM ${database}.${window.name}`);
      const given = rows.map((row) => ({ ...row, bucket: String(row.window_start).slice(0, 10) }));
      const rollup = daily.rollups.find(({ name }) => name === window.name);
      if (rollup) expectRollup(rollup, given, all);
      expect(rows.every((row) => row.emitted_at === '2026-01-01T00:00:00.000Z')).toBe(true);
    }
  });

  it('stay the same when the engine merges their parts', async () => {
    const database = await freshDatabase();
    const all = fc
      .sample(events, { numRuns: 8, seed: 7 })
      .flatMap((list, i) => list.map((event) => ({ ...event, event_id: `${i}${event.event_id}` })));
    for (let at = 0; at < all.length; at += 40)
      await test.insert(database, all.slice(at, at + 40), `t${at}`);
    for (const rollup of plan.rollups) {
      await test.store.define(`OPTIMIZE TABLE ${database}.${rollup.table} FINAL`);
      const [parts] = await test.rows(`SELECT count() AS rows FROM ${database}.${rollup.table}`);
      const given = await test.rows(`SELECT * FROM ${database}.${rollup.name}`);
      expect(parts).toEqual({ rows: String(given.length) });
      expectRollup(rollup, given, all);
    }
  });

  it('count a large insert once, whose groups are more than a block of the engine', async () => {
    const byUser = rollup('by_user', {
      from: 'ping',
      every: 'day',
      by: ['user_id'],
      measures: { n: count() },
    });
    await test.make(planOf({ name: 'x', events: { ping: event({}) }, rollups: [byUser] }), 'large');
    const many = Array.from(
      { length: 70_000 },
      (_, i): CanonicalEvent => ({
        event_id: `e${i}`,
        type: 'ping',
        timestamp: Date.UTC(2026, 0, 1) + i,
        received_at: 0,
        appended_at: 0,
        late: false,
        user_id: `u${i}`,
        properties: {},
      }),
    );
    await test.insert('large', many, 'once');
    await test.insert('large', many, 'once');
    expect(
      await test.rows(
        `SELECT count() AS users, sum(n) AS n, (SELECT count() FROM large.events) AS stored,
           (SELECT count() FROM large.by_user__v1) AS states FROM large.by_user`,
      ),
    ).toEqual([{ users: '70000', n: '70000', stored: '70000', states: '70000' }]);
  });
});

describe('conditions in the store', () => {
  const fields = fieldsIn(plan.rollups);
  const condition = conditionsOver(fields);

  it('hold for the same events as in a recomputation', async () => {
    const database = await freshDatabase();
    const all = fc
      .sample(events, { numRuns: 6, seed: 11 })
      .flatMap((list, i) => list.map((event) => ({ ...event, event_id: `${i}${event.event_id}` })));
    await test.insert(database, all, 'all');
    await fc.assert(
      fc.asyncProperty(condition, async (where) => {
        const [row] = await test.rows(
          print({
            node: 'select',
            select: {
              columns: [
                {
                  expression: call('groupArray', {
                    node: 'column',
                    table: eventsAlias,
                    path: ['event_id'],
                  }),
                  as: 'ids',
                },
              ],
              from: { database, table: 'events' },
              alias: eventsAlias,
              where: conditionExpression(where),
              groupBy: null,
            },
          }),
        );
        const ids: unknown = row?.ids;
        const naive = all.filter((event) => holds(where, event)).map(({ event_id }) => event_id);
        expect(Array.isArray(ids) ? ids.toSorted() : ids).toEqual(naive.toSorted());
      }),
      { numRuns: 150 },
    );
  });

  it('find something and nothing', () => {
    // Guards the generators: conditions that never hold would prove nothing.
    const all = fc.sample(events, { numRuns: 3, seed: 11 }).flat();
    const shares = fc
      .sample(condition, { numRuns: 200, seed: 5 })
      .map((where) => all.filter((event) => holds(where, event)).length / all.length);
    expect(shares.filter((share) => share > 0 && share < 1).length).toBeGreaterThan(40);
    expect(fields.some((field) => all.some((event) => fieldOf(event, field) === undefined))).toBe(
      true,
    );
    expect(compare('9', '10', { source: 'property', path: ['big'], type: { kind: 'int64' } })).toBe(
      -1,
    );
  });
});
