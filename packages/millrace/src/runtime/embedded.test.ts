import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import {
  count,
  decimal,
  definePipeline,
  event,
  int32,
  optional,
  type Pipeline,
  rollup,
  string,
  sum,
} from '../index.ts';
import { type Embedded, openEmbedded } from './embedded.ts';

let folder: string;
let problems: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
  problems = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const open = (pipeline: Pipeline): Promise<Embedded> =>
  openEmbedded({
    pipeline,
    folder,
    dedupMemoryBytesMax: 64 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024 * 1024,
    onProblem: (what, error) => problems.push(`${what}: ${String(error)}`),
  });

async function send(embedded: Embedded, ...events: readonly object[]) {
  const { collector } = embedded;
  const body = Buffer.from(JSON.stringify(events));
  const receipt = await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  await embedded.eventLoader.settled(embedded.events.end);
  return receipt;
}

const cell = async ({ store }: Embedded, sql: string) =>
  Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
    .toString()
    .trim();

const purchase = event({ value: decimal(18, 2), currency: string() });
const byCurrency = rollup('by_currency', {
  from: 'purchase',
  every: 'day',
  by: ['currency'],
  measures: { orders: count(), revenue: sum('value') },
});
const shop = definePipeline({ name: 'shop', events: { purchase }, rollups: [byCurrency] });
/** The same for all, whenever a day ends. */
const nowMs = Date.now();
const order = (event_id: string, value: string, currency: string, more: object = {}) => ({
  event_id,
  type: 'purchase',
  timestamp: nowMs,
  properties: { value, currency, ...more },
});

test('an event is there to ask for, in the table and in its rollup, and once', async () => {
  const embedded = await open(shop);
  expect(await send(embedded, order('a', '1.10', 'EUR'), order('b', '2.20', 'EUR'))).toEqual({
    accepted: 2,
    assigned: [],
    rejected: [],
  });
  expect(await send(embedded, order('b', '2.20', 'EUR'), order('c', '4.00', 'GBP'))).toMatchObject({
    accepted: 2,
  });
  expect(await cell(embedded, 'SELECT count(), sum(properties.value) FROM events')).toBe('3\t7.3');
  expect(await cell(embedded, 'SELECT currency, orders, revenue FROM by_currency ORDER BY 1')).toBe(
    'EUR\t2\t3.3\nGBP\t1\t4',
  );
  expect(embedded.duplicates.value).toBe(1);
  await embedded.close();

  const again = await open(shop);
  expect(await send(again, order('a', '1.10', 'EUR'))).toMatchObject({ accepted: 1 });
  expect(await cell(again, 'SELECT count() FROM events')).toBe('3');
  expect(again.duplicates.value).toBe(2);
  await again.close();
});

test('what is refused is kept with the reason, and as it came', async () => {
  const embedded = await open(shop);
  const receipt = await send(embedded, order('a', 'much', 'EUR'), { type: 'nothing' });
  expect(receipt.rejected.map(({ code }) => code)).toEqual(['wrong_type', 'unknown_event_type']);
  await embedded.deadLetterLoader.settled(embedded.deadLetters.end);
  expect(await cell(embedded, 'SELECT code, event_id, raw FROM dead_letters ORDER BY code')).toBe(
    [
      `unknown_event_type\t\\N\t{"type":"nothing"}`,
      `wrong_type\ta\t${JSON.stringify(order('a', 'much', 'EUR'))}`,
    ].join('\n'),
  );
  await embedded.close();
});

describe('a changed pipeline', () => {
  test('fills new and changed rollups from what is stored, and goes on', async () => {
    const first = await open(shop);
    await send(first, order('a', '1.10', 'EUR', { quantity: 3 }), order('b', '2.20', 'GBP'));
    await first.close();

    const second = await open(
      definePipeline({
        name: 'shop',
        events: {
          purchase: event({
            value: decimal(18, 2),
            currency: string(),
            quantity: optional(int32()),
          }),
          refund: event({ value: decimal(18, 2) }),
        },
        keep: '400d',
        rollups: [
          rollup('by_currency', {
            from: ['purchase'],
            every: 'day',
            by: ['currency'],
            measures: { revenue: sum('value') },
          }),
          rollup('pieces', {
            from: 'purchase',
            every: 'month',
            measures: { pieces: sum('quantity') },
          }),
          rollup('refunds', { from: 'refund', every: 'hour', measures: { refunds: count() } }),
        ],
      }),
    );
    expect(await cell(second, 'SELECT pieces FROM pieces')).toBe('3');
    await second.filler.ended();
    expect(await cell(second, 'SELECT pieces FROM pieces')).toBe('3');
    await send(
      second,
      order('c', '4.00', 'EUR', { quantity: 2 }),
      order('a', '1.10', 'EUR', { quantity: 3 }),
      { type: 'refund', properties: { value: '9.99' } },
    );
    expect(await cell(second, 'SELECT currency, revenue FROM by_currency ORDER BY 1')).toBe(
      'EUR\t5.1\nGBP\t2.2',
    );
    expect(await cell(second, 'SELECT pieces FROM pieces')).toBe('5');
    expect(await cell(second, 'SELECT refunds FROM refunds')).toBe('1');
    expect(await cell(second, 'SELECT sum(properties.quantity) FROM events')).toBe('5');
    await second.close();

    const third = await open(
      definePipeline({
        name: 'shop',
        events: {
          purchase: event({
            value: decimal(18, 2),
            currency: string(),
            quantity: optional(int32()),
          }),
        },
        rollups: [byCurrency],
      }),
    );
    await third.filler.ended();
    expect(await cell(third, 'SELECT currency, orders, revenue FROM by_currency ORDER BY 1')).toBe(
      'EUR\t2\t5.1\nGBP\t1\t2.2',
    );
    expect(
      await cell(
        third,
        `SELECT arrayStringConcat(arraySort(groupArray(name)), ' ') FROM system.tables
         WHERE database = currentDatabase() AND name NOT LIKE 'dead%'`,
      ),
    ).toBe('by_currency by_currency__v3 by_currency__v3__fill events');
    await third.close();
  });

  test('that the stored data cannot follow is refused, with every place and its mend', async () => {
    const embedded = await open(shop);
    await embedded.close();
    const plan = readFileSync(join(folder, 'plan.json'), 'utf8');
    const changed = definePipeline({
      name: 'shop',
      events: { purchase: event({ value: int32(), currency: string() }) },
      partitioning: { by: 'day' },
    });
    await expect(open(changed)).rejects.toMatchObject({
      code: 'plan_conflict',
      message: expect.stringMatching(/events\.purchase\.value: .*\n.*partitioning/s),
    });
    expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toBe(plan);
  });

  test('interrupted while it is applied, comes to the same end', async () => {
    const first = await open(shop);
    await send(first, order('a', '1.10', 'EUR'), order('b', '2.20', 'GBP'));
    const before = readFileSync(join(folder, 'plan.json'), 'utf8');
    await first.close();
    const more = definePipeline({
      name: 'shop',
      events: { purchase },
      rollups: [
        byCurrency,
        rollup('all', { from: 'purchase', every: 'day', measures: { n: count() } }),
      ],
    });
    const second = await open(more);
    await second.close();
    // As if the crash came after the tables were changed and before the plan was kept.
    writeFileSync(join(folder, 'plan.json'), before);
    const third = await open(more);
    expect(await cell(third, 'SELECT n FROM all')).toBe('2');
    await send(third, order('c', '1.00', 'EUR'));
    expect(await cell(third, 'SELECT n FROM all')).toBe('3');
    await third.close();
  });
});

test('a store that takes nothing does not hold up the end, which says what is in the log alone', async () => {
  const embedded = await open(shop);
  await embedded.store.define(
    'CREATE MATERIALIZED VIEW broken ENGINE = Null AS SELECT throwIf(1) FROM events',
  );
  const { collector } = embedded;
  const body = Buffer.from(JSON.stringify([order('a', '1.10', 'EUR'), order('b', '1.10', 'EUR')]));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  expect(await embedded.close()).toBe(2);
  expect(problems.length).toBeGreaterThan(2);
  expect(problems[0]).toContain('events 0 to 2 wait for the store');
  problems = [];
});
