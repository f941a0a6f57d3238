import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { count, event, rollup } from '../../index.ts';
import type { Condition, FieldPlan, MeasurePlan, RollupPlan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import { conditionExpression } from './condition.ts';
import { everyKind } from './every-kind.suite.ts';
import { eventsAlias } from './field.ts';
import {
  type CanonicalEvent,
  compare,
  exactSum,
  fieldOf,
  holds,
  rowsOf,
  valuesOf,
} from './naive.suite.ts';
import { call } from './nodes.ts';
import { print } from './printer.ts';
import { openTestStore, type Row, type TestStore } from './test-store.suite.ts';
import { insertWindowResults } from './window-table.ts';

const plan = planOf(everyKind);
let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

const decimalText = (unscaled: bigint, scale: number): string => {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
};
/** Often small, so that groups and conditions meet; sometimes at the limits. */
const decimals = (scale: number) =>
  fc
    .oneof(
      {
        weight: 4,
        arbitrary: fc
          .bigInt(-5n, 5n)
          .map((n) => (n * 10n ** BigInt(scale)) / (scale < 18 ? 4n : 40n)),
      },
      { weight: 1, arbitrary: fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n) },
    )
    .map((unscaled) => decimalText(unscaled, scale));
const int32s = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const int64s = fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)).map(String);
const floats = fc
  .oneof(
    fc.constantFrom(0, 0.5, -1.25, 3),
    fc.double({ min: -1e300, max: 1e300, noNaN: true }),
    fc.constantFrom(1e300, -1e300, 5e-324, -1e-300, 1e-31),
  )
  .map((x) => x + 0);
const texts = fc.oneof(
  fc.constantFrom('', 'a', 'Z', 'é', '😀', "it's", 'a\\b', '`'),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((s) => !s.includes('\0')),
);
const instants = fc
  .tuple(
    fc.constantFrom(
      ...['2026-11-30', '2026-12-01', '2024-02-29', '1969-12-31', '1950-05-17', '2155-01-03'].map(
        (day) => Date.parse(day),
      ),
    ),
    fc.oneof(
      fc.constantFrom(0, -1, 1, 999, 59_999, 60_000, 3_599_999, 86_399_999, 86_400_000),
      fc.integer({ min: 0, max: 3 * 86_400_000 }),
    ),
  )
  .map(([day, ms]) => day + ms);
const uuids = fc.constantFrom(
  '00000000-0000-4000-8000-000000000000',
  'ffffffff-ffff-4fff-bfff-ffffffffffff',
  '11111111-2222-4333-8444-555555555555',
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const places = fc.record({
  city: fc.constantFrom('Rome', 'Oslo', ''),
  order: maybe(int32s),
  inner: fc.record({ n: maybe(int64s) }),
});
const sales = fc.record({
  text: texts,
  kind: fc.constantFrom('a', 'b', "it's \\ `quoted`"),
  flag: fc.boolean(),
  small: int32s,
  big: int64s,
  ratio: floats,
  money: decimals(2),
  fine: decimals(18),
  whole: decimals(0),
  at: instants,
  key: uuids,
  words: fc.array(texts, { maxLength: 2 }),
  place: places,
});
const refunds = fc.record({
  money: maybe(decimals(2)),
  kind: maybe(fc.constantFrom('a', 'c')),
  place: places,
});

const envelope = {
  timestamp: instants,
  received_at: instants,
  late: fc.boolean(),
  user_id: maybe(fc.constantFrom('u0', 'u1', 'u2')),
};
const events = fc
  .array(
    fc.oneof(
      fc.record({ ...envelope, type: fc.constant('sale'), properties: sales }),
      fc.record({ ...envelope, type: fc.constant('refund'), properties: refunds }),
      fc.record({
        ...envelope,
        type: fc.constantFrom('ping', 'page', 'identify'),
        properties: fc.constant({}),
      }),
    ),
    { minLength: 1, maxLength: 100 },
  )
  .map((list) =>
    // As a line of the log has it: what is absent is left out.
    list.map(
      (event, i): CanonicalEvent =>
        JSON.parse(JSON.stringify({ event_id: `e${i}`, appended_at: event.received_at, ...event })),
    ),
  );

let databases = 0;
const freshDatabase = async (): Promise<string> => {
  databases += 1;
  const database = `d${databases}`;
  await test.make(plan, database);
  return database;
};

/** A dimension or an extreme as the naive side has it. */
const canonical = (given: unknown, field: FieldPlan): string | number | boolean | null => {
  if (given === null) return null;
  if (field.type.kind === 'timestamp') return Date.parse(String(given));
  return typeof given === 'boolean' || typeof given === 'number' ? given : String(given);
};

const expectMeasure = (
  given: unknown,
  measure: MeasurePlan,
  of: readonly CanonicalEvent[],
): void => {
  if (measure.kind === 'count') {
    expect(given).toBe(String(of.length));
    return;
  }
  const { field } = measure;
  const values = valuesOf(of, field);
  const floatsOf = values.map(Number);
  const size = floatsOf.reduce((total, x) => total + Math.abs(x), 0);
  const scale = field.type.kind === 'decimal' ? field.type.scale : 0;
  switch (measure.kind) {
    case 'sum':
      if (field.type.kind === 'float64')
        expect(Math.abs(Number(given) - floatsOf.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(
          size * 1e-9,
        );
      else expect(String(given)).toBe(decimalText(exactSum(values), scale));
      return;
    case 'min':
    case 'max':
      expect(canonical(given, field)).toBe(values.at(measure.kind === 'min' ? 0 : -1) ?? null);
      return;
    case 'avg': {
      if (values.length === 0) {
        expect(given).toBe(null);
        return;
      }
      const mean =
        field.type.kind === 'float64'
          ? floatsOf.reduce((a, b) => a + b, 0) / values.length
          : Number(exactSum(values)) / values.length / 10 ** scale;
      expect(Math.abs(Number(given) - mean)).toBeLessThanOrEqual((size / values.length) * 1e-9);
      return;
    }
    case 'uniq':
      expect(given).toBe(String(new Set(values).size));
      return;
    case 'quantiles': {
      const list: unknown = given;
      if (!Array.isArray(list)) throw new TypeError('quantiles are a list');
      expect(list.length).toBe(measure.levels.length);
      for (const [i, level] of measure.levels.entries()) {
        if (values.length === 0) {
          expect(list[i]).toBe(null);
          continue;
        }
        const rank = level * (values.length - 1);
        const candidates = [Math.floor(rank), Math.ceil(rank)].map((at) => floatsOf[at] ?? 0);
        const near = candidates.some((x) => {
          const error = Math.abs(Number(list[i]) - x);
          if (Math.abs(x) < 1e-30) return error <= 1e-30;
          const share = field.type.kind === 'float64' && Math.abs(x) < 1e-8 ? 0.031 : 0.010_001;
          return error <= Math.abs(x) * share;
        });
        expect([list[i], candidates, near]).toEqual([list[i], candidates, true]);
      }
    }
  }
};

const expectRollup = (
  rollup: RollupPlan,
  given: readonly Row[],
  all: readonly CanonicalEvent[],
): void => {
  const naive = rowsOf(rollup, all);
  const keyed = new Map(
    given.map((row) => [
      JSON.stringify([
        Date.parse(String(row.bucket)),
        ...rollup.by.map(({ name, field }) => canonical(row[name], field)),
      ]),
      row,
    ]),
  );
  expect([...keyed.keys()].sort()).toEqual([...naive.keys()].sort());
  expect(given.length).toBe(naive.size);
  for (const [key, { events: of }] of naive)
    for (const measure of rollup.measures)
      expectMeasure(keyed.get(key)?.[measure.name], measure, of);
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
  }, 240_000);

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
  const fieldsOf = (rollup: RollupPlan): readonly FieldPlan[] => [
    ...rollup.by.map(({ field }) => field),
    ...rollup.measures.flatMap((measure) => (measure.kind === 'count' ? [] : [measure.field])),
  ];
  const fields = [
    ...new Map(
      plan.rollups.flatMap(fieldsOf).map((field) => [JSON.stringify(field), field]),
    ).values(),
  ];
  const valuesFor = (field: FieldPlan): fc.Arbitrary<string | number | boolean> => {
    switch (field.type.kind) {
      case 'string':
        return fc.oneof(texts, fc.constantFrom('u0', 'u1', 'sale', 'Rome'));
      case 'enum':
        return fc.constantFrom(...field.type.values);
      case 'boolean':
        return fc.boolean();
      case 'int32':
        return int32s;
      case 'int64':
        return int64s;
      case 'float64':
        return floats;
      case 'decimal':
        return decimals(field.type.scale);
      case 'timestamp':
        return instants;
      default:
        return uuids;
    }
  };
  const leaves = fc.constantFrom(...fields).chain((field): fc.Arbitrary<Condition> => {
    const ordered = !['enum', 'boolean', 'uuid'].includes(field.type.kind);
    const operators = ordered
      ? (['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const)
      : (['eq', 'ne'] as const);
    return fc.oneof(
      fc
        .tuple(fc.constantFrom(...operators), valuesFor(field))
        .map(([operator, value]): Condition => ({ kind: 'compare', field, operator, value })),
      fc
        .array(valuesFor(field), { maxLength: 3 })
        .map((values): Condition => ({ kind: 'in', field, values })),
      fc.constant<Condition>({ kind: 'present', field }),
    );
  });
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3 },
      leaves,
      fc
        .tuple(
          fc.constantFrom('and' as const, 'or' as const),
          fc.array(tie('condition'), { maxLength: 3 }),
        )
        .map(([kind, conditions]): Condition => ({ kind, conditions })),
      tie('condition').map((inner): Condition => ({ kind: 'not', condition: inner })),
    ),
  }));

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
