import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../ports/store.ts';
import { openChdbStore } from './chdb-store.ts';

/**
 * What the engine does that nobody would expect, found by experiment. Millrace
 * is built around each; should a newer engine behave otherwise, this says so.
 */
describe('traps of the engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-traps-'));
  let store: Store;
  let bare: Session;
  let table: string;
  let serial = 0;

  beforeAll(async () => {
    store = await openChdbStore({ folder, database: 'millrace' });
    // Without the settings that Millrace pins, to see what they are for.
    bare = new Session(folder);
    await bare.queryAsync('USE millrace');
  });
  afterAll(async () => {
    bare.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    serial += 1;
    table = `t${serial}`;
  });

  const remembering = 'SETTINGS non_replicated_deduplication_window = 1000';
  const create = (name: string, columns: string, engine: string, settings = remembering) =>
    store.define(`CREATE TABLE ${name} (${columns}) ENGINE = ${engine} ${settings}`);
  const fill = (view: string, target: string, select: string) =>
    store.define(`CREATE MATERIALIZED VIEW ${view} TO ${target} AS ${select}`);
  const lines = (from: number, to: number) =>
    Buffer.from(
      Array.from(
        { length: to - from },
        (_, n) => `{"id":${from + n},"k":${(from + n) % 3}}\n`,
      ).join(''),
    );
  const insert = (token: string, from: number, to: number) =>
    store.insert({ table, token, lines: lines(from, to), rows: to - from });
  const cell = async (sql: string) =>
    Buffer.from((await store.read(sql, { format: 'TSV' })).bytes)
      .toString()
      .trim();

  test('a table forgets tokens unless told to remember, and so does the target of a view', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id', '');
    await insert('a', 0, 10);
    await insert('a', 0, 10);
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('20');

    table = `${table}_remembers`;
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    await create(`${table}_sums`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k', '');
    await fill(`${table}_fill`, `${table}_sums`, `SELECT k, count() AS n FROM ${table} GROUP BY k`);
    await insert('a', 0, 10);
    await insert('a', 0, 10);
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('10');
    expect(await cell(`SELECT sum(n) FROM ${table}_sums`)).toBe('20');
  });

  test('a block that is split can land in part, and a retry cut otherwise does not complete it', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    const rows = lines(0, 1_000);
    const settings = {
      insert_deduplication_token: 'split',
      max_insert_block_size: 100,
      min_insert_block_size_rows: 0,
      min_insert_block_size_bytes: 0,
      input_format_parallel_parsing: 0,
      max_insert_threads: 1,
    };
    // The 301st row cannot be read: what was cut off before it is there already.
    const broken = Buffer.concat([lines(0, 300), Buffer.from('{"id":"none"}\n')]);
    await expect(
      bare.insert({ table, values: broken, format: 'JSONEachRow', settings }),
    ).rejects.toThrow();
    const landed = Number(await cell(`SELECT count() FROM ${table}`));
    expect(landed).toBeGreaterThan(0);
    expect(landed).toBeLessThanOrEqual(300);
    await bare.insert({
      table,
      values: rows,
      format: 'JSONEachRow',
      settings: { ...settings, max_insert_block_size: 250 },
    });
    expect(Number(await cell(`SELECT uniqExact(id) FROM ${table}`))).toBeLessThan(1_000);
  });

  test('an insert whose view throws is completed by the same insert, once', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree PARTITION BY k ORDER BY id');
    await create(`${table}_sums`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    await create(`${table}_more`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    await create(`${table}_gate`, 'shut UInt8', 'MergeTree ORDER BY shut', '');
    await fill(`${table}_a`, `${table}_sums`, `SELECT k, count() AS n FROM ${table} GROUP BY k`);
    await fill(
      `${table}_b`,
      `${table}_more`,
      `SELECT k, count() AS n FROM ${table}
       WHERE throwIf((SELECT count() FROM ${table}_gate) > 0) = 0 GROUP BY k`,
    );
    await store.insert({
      table: `${table}_gate`,
      token: 'x',
      lines: Buffer.from('{"shut":1}\n'),
      rows: 1,
    });
    await expect(insert('a', 0, 30)).rejects.toMatchObject({ retry: 'same' });
    await store.define(`TRUNCATE TABLE ${table}_gate`);
    await insert('a', 0, 30);
    await insert('a', 0, 30);
    for (const counted of [
      `SELECT count() FROM ${table}`,
      `SELECT sum(n) FROM ${table}_sums`,
      `SELECT sum(n) FROM ${table}_more`,
    ]) {
      expect(await cell(counted)).toBe('30');
    }
  });

  test('views behind views are filled once as well', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    await create(`${table}_one`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    await create(`${table}_two`, 'n UInt64', 'SummingMergeTree ORDER BY tuple()');
    await fill(`${table}_a`, `${table}_one`, `SELECT k, count() AS n FROM ${table} GROUP BY k`);
    await fill(`${table}_b`, `${table}_two`, `SELECT sum(n) AS n FROM ${table}_one`);
    await Promise.all([insert('a', 0, 30), insert('a', 0, 30), insert('a', 0, 30)]);
    expect(await cell(`SELECT sum(n) FROM ${table}_two`)).toBe('30');
  });

  test('what was deleted does not come back under its token, but does under another', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    await insert('a', 0, 10);
    await store.define(`DELETE FROM ${table} WHERE id < 5`);
    await insert('a', 0, 10);
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('5');
    await insert('a again', 0, 5);
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('10');
  });

  test('a view follows the name of its target, so exchanged tables count an old batch again', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    await create(`${table}_sums`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    await create(`${table}_next`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    await fill(`${table}_fill`, `${table}_sums`, `SELECT k, count() AS n FROM ${table} GROUP BY k`);
    await insert('a', 0, 10);
    await store.define(`INSERT INTO ${table}_next SELECT k, count() FROM ${table} GROUP BY k`);
    await store.define(`EXCHANGE TABLES ${table}_sums AND ${table}_next`);
    await insert('a', 0, 10);
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('10');
    expect(await cell(`SELECT sum(n) FROM ${table}_sums`)).toBe('20');
  });

  test('a view made anew goes on with the tokens of its name, and a renamed one begins anew', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree ORDER BY id');
    await create(`${table}_sums`, 'k UInt8, n UInt64', 'SummingMergeTree ORDER BY k');
    const select = `SELECT k, count() AS n FROM ${table} GROUP BY k`;
    await fill(`${table}_fill`, `${table}_sums`, select);
    await insert('a', 0, 10);
    await store.define(`DROP VIEW ${table}_fill SYNC`);
    await fill(`${table}_fill`, `${table}_sums`, select);
    await insert('a', 0, 10);
    expect(await cell(`SELECT sum(n) FROM ${table}_sums`)).toBe('10');
    await store.define(`RENAME TABLE ${table}_fill TO ${table}_other`);
    await insert('a', 0, 10);
    expect(await cell(`SELECT sum(n) FROM ${table}_sums`)).toBe('20');
  });

  // A pipe stands for a body that takes long.
  test.each([
    ['now64', 'is the time when the statement came, and not when its rows did', '2'],
    ['nowInBlock64', 'is the time when the rows had come', '0'],
  ])('%s %s', async (clock, _, stored) => {
    await create(table, 'id UInt64', 'MergeTree ORDER BY id');
    const pipe = join(folder, `${table}.pipe`);
    execFileSync('mkfifo', [pipe]);
    const nowMs = async () => Number(await cell('SELECT toUnixTimestamp64Milli(now64(3))'));
    const deadlineMs = (await nowMs()) + 2_000;
    const statement = `INSERT INTO ${table} SELECT id FROM file('${pipe}', 'JSONEachRow', 'id UInt64')
      WHERE throwIf(${clock}(3) > fromUnixTimestamp64Milli(${deadlineMs}), 'late') = 0
      SETTINGS insert_deduplication_token = '${table}', max_block_size = 1000000000, max_insert_block_size = 1000000000`;
    const inserting = bare.queryAsync(statement).then(
      () => 'stored',
      (error: unknown) => String(error),
    );
    const body = createWriteStream(pipe);
    body.write('{"id":1}\n');
    const underWay = () =>
      cell(
        `SELECT count() FROM system.processes WHERE Settings['insert_deduplication_token'] = '${table}'`,
      );
    await expect.poll(underWay).toBe('1');
    await expect.poll(nowMs).toBeGreaterThan(deadlineMs);
    body.end('{"id":2}\n');
    expect(await inserting).toContain(stored === '2' ? 'stored' : 'late');
    expect(await cell(`SELECT count() FROM ${table}`)).toBe(stored);
  });

  test('a table numbers its parts over all of its partitions', async () => {
    await create(table, 'id UInt64, k UInt8', 'MergeTree PARTITION BY k ORDER BY id');
    await insert('a', 0, 30);
    await insert('b', 30, 60);
    const parts = () =>
      cell(`SELECT max(max_block_number) FROM system.parts WHERE table = '${table}'`);
    expect(await parts()).toBe('6');
    await store.define(`OPTIMIZE TABLE ${table} FINAL`);
    expect(await parts()).toBe('6');
  });

  test.each(['uniqCombined64(x)', 'quantilesDD(0.01, 0.5, 0.9, 0.99)(x)'])(
    '%s gives the same state whatever the order and the cutting',
    async (sketch) => {
      const [, name = '', parameters = ''] = /^(\w+?)((?:\(.*\))?)\(x\)$/.exec(sketch) ?? [];
      const state = `${name}State${parameters}(x)`;
      const merge = `${name}Merge${parameters}(s)`;
      const values = 'SELECT cityHash64(number) % 100000 / 7 AS x, number FROM numbers(200000)';
      const whole = await cell(`SELECT ${sketch} FROM (${values})`);
      for (const order of ['number', 'number DESC', 'cityHash64(number, 1)']) {
        for (const cut of ['number % 7', 'intDiv(number, 31)', 'cityHash64(number) % 1000']) {
          const cutUp = `SELECT ${state} AS s FROM (${values} ORDER BY ${order}) GROUP BY ${cut}`;
          expect(await cell(`SELECT ${merge} FROM (${cutUp})`)).toBe(whole);
        }
      }
    },
  );

  test('rows behind FORMAT are not read where a query call selects from input(), and nothing is said', async () => {
    await create(table, 'id UInt64', 'MergeTree ORDER BY id');
    await bare.queryAsync(
      `INSERT INTO ${table} SELECT id FROM input('id UInt64') FORMAT JSONEachRow {"id":1}`,
    );
    expect(await cell(`SELECT count() FROM ${table}`)).toBe('0');
  });

  test('readonly = 1 lets the function file() and SYSTEM statements through', async () => {
    writeFileSync(join(folder, 'secret'), 'canary');
    expect(await cell(`SELECT file('${join(folder, 'secret')}')`)).toBe('canary');
    await store.read('SYSTEM START MERGES');
  });
});
