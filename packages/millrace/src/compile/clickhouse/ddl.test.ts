import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  count,
  decimal,
  event,
  optional,
  type Pipeline,
  rollup,
  string,
  sum,
} from '../../index.ts';
import { planOf } from '../../plan/plan-of.ts';
import { clickhouseDdl } from './ddl.ts';
import { everyKind } from './every-kind.suite.ts';
import { everyWindow } from './every-window.suite.ts';
import { clickhouseMigration } from './migration.ts';
import type { CanonicalEvent } from './naive.suite.ts';
import { eventsByMinute, eventsToFill, fillFromEvents } from './rollup-fill.ts';
import {
  createVersion,
  cutOffVersion,
  dropVersion,
  hideRollup,
  showVersion,
} from './rollup-versions.ts';
import { openTestStore, type TestStore } from './test-store.suite.ts';

const shop: Pipeline = {
  name: 'shop',
  events: {
    view: event({ product_id: string(), price: decimal(18, 2) }),
    purchase: event({ order_id: string(), value: decimal(18, 2), currency: string() }),
  },
  keep: '400d',
  partitioning: { by: 'day', ownTypes: ['view', 'purchase'] },
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['currency'],
      where: { value: { gt: '0' } },
      measures: { orders: count(), revenue: sum('value') },
      keep: '90d',
    }),
    rollup('views_per_day', { from: 'view', every: 'day', measures: { n: count() } }),
  ],
};
const changed: Pipeline = {
  ...shop,
  keep: '30d',
  partitioning: { ...shop.partitioning, partsPerInsert: 50 },
  events: {
    ...shop.events,
    view: event({ ...shop.events.view?.properties, note: optional(string()) }),
  },
  rollups: [
    rollup('revenue_per_minute', {
      from: 'purchase',
      every: 'minute',
      by: ['currency'],
      measures: { orders: count(), revenue: sum('value') },
    }),
  ],
};

describe('the text of the statements', () => {
  const database = 'millrace';
  const text = (statements: readonly string[]): string => `${statements.join(';\n\n')};\n`;

  it('of a small shop', async () => {
    const { statements } = clickhouseDdl(planOf(shop), { database });
    await expect(text(statements)).toMatchFileSnapshot('shop.golden.sql');
  });

  it('of every kind of property, measure and condition', async () => {
    const { statements } = clickhouseDdl(planOf(everyKind), { database });
    await expect(text(statements)).toMatchFileSnapshot('every-kind.golden.sql');
  });

  it('of rollups that deltas fill', async () => {
    const plan = planOf(everyKind);
    const { statements, deltas } = clickhouseDdl(plan, { database, computedBy: 'flink' });
    const tables = [
      ...deltas.map(({ table }) => table.name.slice(database.length + 1)),
      'per_month__v1__fill',
    ];
    const about = statements.filter((statement) =>
      tables.some((table) => statement.includes(`\`${table}\``)),
    );
    await expect(text(about)).toMatchFileSnapshot('deltas.golden.sql');
  });

  it('of windows that Flink computes', async () => {
    const { statements, results } = clickhouseDdl(planOf(everyWindow), {
      database,
      computedBy: 'flink',
    });
    expect(results.map(({ table }) => table.name)).toEqual([
      'millrace.by_kind__v1__results',
      'millrace.by_number__v1__results',
      'millrace.all_together__v1__results',
      'millrace.visits__v1__results',
      'millrace.activity__v1__results',
    ]);
    const about = statements.filter((statement) => statement.includes('__results`'));
    await expect(text(about)).toMatchFileSnapshot('results.golden.sql');
  });

  it('of a change', async () => {
    const before = planOf(shop);
    const after = planOf(changed, before);
    const { checks, statements, cleanup } = clickhouseMigration(before, after, {
      database,
      rollups: before.rollups,
    });
    const range = { fromMs: 0, toMs: 60_000, cut: 1_000 };
    const rollups = after.rollups.flatMap((version) => [
      ...createVersion(version, after, { database }),
      showVersion(version, 'events', { database }),
      eventsToFill(version, { ...range, toMs: null }, { database }),
      eventsByMinute(version, range, { database }),
      fillFromEvents(version, range, { database }),
      showVersion(version, 'table', { database }),
      ...cutOffVersion(version, { database }),
      ...dropVersion(version, { database }),
      ...hideRollup(version, { database }),
    ]);
    await expect(text([...checks, ...statements, ...rollups, ...cleanup])).toMatchFileSnapshot(
      'change.golden.sql',
    );
  });

  it('names what a loader and a reader need', () => {
    const ddl = clickhouseDdl(planOf(shop), { database });
    expect(ddl.events.name).toBe('millrace.events');
    expect(ddl.deadLetters.name).toBe('millrace.dead_letters');
    expect(ddl.readable).toEqual(['events', 'dead_letters', 'revenue_per_minute', 'views_per_day']);
  });
});

describe('the tables in a real store', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openTestStore();
    await test.make(planOf(everyKind), 'all');
    await test.make(planOf(shop), 'shop');
  });
  afterAll(() => test.close());

  const sale = (change: Partial<CanonicalEvent>): CanonicalEvent => ({
    event_id: 'x',
    type: 'sale',
    timestamp: Date.UTC(2026, 0, 1),
    received_at: Date.UTC(2026, 0, 1, 0, 0, 1),
    appended_at: Date.UTC(2026, 0, 1, 0, 0, 2),
    late: false,
    properties: {},
    ...change,
  });

  it('may be created again', async () => {
    await test.make(planOf(everyKind), 'all');
    await test.make(planOf(shop), 'shop');
  });

  it('hide their place in the log from SELECT *, and give it by name', async () => {
    await test.insert('all', [sale({ event_id: 'hidden' })], 'hidden');
    const [all] = await test.rows(`SELECT * FROM all.events WHERE event_id = 'hidden'`);
    expect(Object.keys(all ?? {})).toEqual([
      'event_id',
      'type',
      'timestamp',
      'received_at',
      'user_id',
      'anonymous_id',
      'session_id',
      'properties',
      'context',
      'late',
    ]);
    const [place] = await test.rows(
      `SELECT _partition, toTypeName(_offset) AS offset, appended_at FROM all.events WHERE event_id = 'hidden'`,
    );
    expect(place).toEqual({
      _partition: 0,
      offset: 'UInt64',
      appended_at: '2026-01-01T00:00:02.000Z',
    });
  });

  it('keep every kind of property as it is, at its limits', async () => {
    const limits = [
      {
        text: '\t"\\\'😀',
        kind: "it's \\ `quoted`",
        flag: true,
        small: -(2 ** 31),
        big: '-9223372036854775808',
        ratio: 5e-324,
        money: '-9999999999999999.99',
        fine: '0.000000000000000001',
        whole: '999999999999999999',
        at: Date.UTC(1900, 0, 1),
        key: 'ffffffff-ffff-4fff-bfff-ffffffffffff',
        words: ['', 'b'],
        amounts: ['0.01', '-9999999999999999.99'],
        grid: [[1], [], [2, 3]],
        lines: [{ sku: 'a', count: 2, price: '1.10', at: 0 }, { sku: '' }],
        place: { city: 'Rome', order: 7, inner: { n: '9223372036854775807' } },
      },
      {
        text: '',
        kind: 'a',
        flag: false,
        small: 2 ** 31 - 1,
        big: '9223372036854775807',
        ratio: -1e300,
        money: '9999999999999999.99',
        fine: '-0.999999999999999999',
        whole: '-999999999999999999',
        at: Date.UTC(2299, 11, 31, 23, 59, 59, 999),
        key: '00000000-0000-4000-8000-000000000000',
        words: [],
        amounts: [],
        grid: [],
        lines: [],
        place: { city: '', inner: {} },
      },
    ];
    await test.insert(
      'all',
      limits.map((properties, i) => sale({ event_id: `limit${i}`, properties })),
      'limits',
    );
    const rows = await test.rows(
      `SELECT properties.text AS text, properties.kind AS kind, properties.flag AS flag,
         properties.small AS small, properties.big AS big, properties.ratio AS ratio,
         properties.money AS money, properties.fine AS fine, properties.whole AS whole,
         toUnixTimestamp64Milli(properties.at) AS at, properties.key AS key,
         properties.words AS words, properties.amounts AS amounts, properties.grid AS grid,
         properties.lines.sku AS skus, properties.lines.price AS prices,
         properties.place.city AS city, properties.place.order AS \`order\`, properties.place.inner.n AS n
       FROM all.events WHERE event_id LIKE 'limit%' ORDER BY event_id`,
    );
    expect(rows).toEqual(
      limits.map(({ lines, place, at, ...plain }) => ({
        ...plain,
        at: String(at),
        skus: lines.map(({ sku }) => sku),
        prices: lines.map(({ price }) => price ?? null),
        city: place.city,
        order: place.order ?? null,
        n: place.inner.n ?? null,
      })),
    );
  });

  it('keep what is not declared as it came', async () => {
    const properties = { 'a.b': 1, date: '2026-01-01', deep: { list: [1, 'x', null], no: false } };
    await test.insert('all', [sale({ event_id: 'undeclared', properties })], 'undeclared');
    const [row] = await test.rows(
      `SELECT properties.\`a%2Eb\` AS dotted, properties.date AS date, properties.deep.no AS no,
         JSONExtractString(properties, 'date') AS extracted
       FROM all.events WHERE event_id = 'undeclared'`,
    );
    expect(row).toEqual({ dotted: '1', date: '2026-01-01', no: false, extracted: '2026-01-01' });
  });

  it('take the same token once, events and rollups alike, and complete what half landed', async () => {
    const days = [Date.now() - 86_400_000, Date.now()];
    const events = ['view', 'purchase'].flatMap((type) =>
      days.map((timestamp, i) =>
        sale({
          event_id: `${type}${i}`,
          type,
          timestamp,
          properties: type === 'view' ? { price: '1.00' } : { value: '2.50', currency: 'EUR' },
        }),
      ),
    );
    await test.insert('shop', events, 'token');
    const numbers = `SELECT (SELECT count() FROM shop.events) AS stored,
      (SELECT sum(orders) FROM shop.revenue_per_minute) AS orders,
      (SELECT sum(revenue) FROM shop.revenue_per_minute) AS revenue,
      (SELECT sum(n) FROM shop.views_per_day) AS views`;
    const once = { stored: '4', orders: '2', revenue: '5.00', views: '2' };
    expect(await test.rows(numbers)).toEqual([once]);
    await test.insert('shop', events, 'token');
    expect(await test.rows(numbers)).toEqual([once]);

    // Half of an insert: its parts in `events` are there, those of the rollups are not.
    await test.store.define('DETACH TABLE shop.revenue_per_minute__v1__fill');
    const more = events.map((one) => ({ ...one, event_id: `more ${one.event_id}` }));
    await test.insert('shop', more, 'half');
    await test.store.define('ATTACH TABLE shop.revenue_per_minute__v1__fill');
    await test.insert('shop', more, 'half');
    expect(await test.rows(numbers)).toEqual([
      { stored: '8', orders: '4', revenue: '10.00', views: '4' },
    ]);
  });

  it('drop what is older than they keep', async () => {
    const old = sale({
      event_id: 'old',
      type: 'purchase',
      timestamp: Date.now() - 200 * 86_400_000,
      properties: { value: '1.00', currency: 'OLD' },
    });
    await test.insert('shop', [old], 'old');
    await test.store.define('OPTIMIZE TABLE shop.revenue_per_minute__v1 FINAL');
    expect(
      await test.rows(
        `SELECT (SELECT count() FROM shop.events WHERE event_id = 'old') AS kept,
           (SELECT count() FROM shop.revenue_per_minute WHERE currency = 'OLD') AS dropped`,
      ),
    ).toEqual([{ kept: '1', dropped: '0' }]);
  });

  it('keep dead letters byte for byte', async () => {
    const raw = Buffer.from([0, 255, 10, 34, 92, 128]);
    const { deadLetters } = clickhouseDdl(planOf(shop), { database: 'shop' });
    const letter = {
      received_at: Date.now(),
      code: 'wrong_type',
      reason: 'because',
      protocol: 'events',
      event_id: null,
      type: 'view',
      raw_base64: raw.toString('base64'),
    };
    await test.store.insert({
      table: deadLetters.name,
      lines: Buffer.from(`${JSON.stringify(letter)}\n`),
      rows: 1,
      token: 'letter',
      place: { partition: 0, offset: 5 },
      columns: deadLetters.insertColumns,
    });
    expect(
      await test.rows('SELECT code, event_id, hex(raw) AS raw, _offset FROM shop.dead_letters'),
    ).toEqual([
      { code: 'wrong_type', event_id: null, raw: raw.toString('hex').toUpperCase(), _offset: '5' },
    ]);
  });

  it('fsync what they store, and remember tokens', async () => {
    const tables = await test.rows(
      `SELECT name, engine_full FROM system.tables WHERE database = 'shop' AND engine LIKE '%MergeTree' ORDER BY name`,
    );
    expect(tables.map(({ name }) => name)).toEqual([
      'dead_letters',
      'dead_letters__retried',
      'events',
      'revenue_per_minute__v1',
      'views_per_day__v1',
    ]);
    for (const { engine_full } of tables)
      expect(engine_full).toMatch(
        /non_replicated_deduplication_window = 10000, fsync_after_insert = (1|true), fsync_part_directory = (1|true), min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1/,
      );
  });
});
