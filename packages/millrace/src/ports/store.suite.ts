import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerStream } from './answer-stream.ts';
import { type ReadResult, type Store, StoreError } from './store.ts';

async function taken(answer: AnswerStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A mark in each file is made at random. */
const exactly = (format: string): boolean => format !== 'Avro';

/** What every store must do, whatever is behind it. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`${name} as a store`, () => {
    let store: Store;

    beforeAll(async () => {
      store = await open();
      await store.define(
        `CREATE TABLE moves (id UInt64, at DateTime64(3, 'UTC'), amount Decimal(18, 2))
         ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id
         SETTINGS non_replicated_deduplication_window = 1000`,
      );
      await store.define(
        `CREATE TABLE totals (month UInt32, moves UInt64, amount Decimal(38, 2))
         ENGINE = SummingMergeTree ORDER BY month SETTINGS non_replicated_deduplication_window = 1000`,
      );
      await store.define(
        `CREATE MATERIALIZED VIEW totals_fill TO totals AS
         SELECT toYYYYMM(at) AS month, count() AS moves, sum(amount) AS amount FROM moves GROUP BY month`,
      );
    });

    afterAll(() => store.close());

    const january = Date.UTC(2026, 0, 1);
    const day = 86_400_000;
    const rows = (from: number, to: number, months = 1) =>
      Array.from({ length: to - from }, (_, i) =>
        JSON.stringify({ id: from + i, at: january + (i % months) * 31 * day, amount: '0.10' }),
      );
    const insert = (token: string, lines: readonly string[]) =>
      store.insert({
        table: 'moves',
        lines: Buffer.from(`${lines.join('\n')}\n`),
        rows: lines.length,
        token,
      });
    const cell = async (sql: string) => {
      const { bytes } = await store.read(sql, { format: 'TSV' });
      return Buffer.from(bytes).toString().trim();
    };

    test('a large batch over several partitions is one block in each', async () => {
      await store.define('SYSTEM STOP MERGES');
      await insert('large', rows(0, 120_000, 3));
      expect(await cell('SELECT count(), uniqExact(id), sum(amount) FROM moves')).toBe(
        '120000\t120000\t12000',
      );
      expect(await cell("SELECT count() FROM system.parts WHERE table = 'moves' AND active")).toBe(
        '3',
      );
      await store.define('SYSTEM START MERGES');
    });

    test('a token seen before changes neither the table nor its views', async () => {
      await insert('once', rows(200_000, 200_100, 2));
      const before = await cell(
        'SELECT (SELECT count() FROM moves), (SELECT sum(moves) FROM totals)',
      );
      await insert('once', rows(200_000, 200_100, 2));
      await Promise.all([
        insert('once', rows(200_000, 200_100, 2)),
        insert('once', rows(200_000, 200_100, 2)),
      ]);
      expect(
        await cell('SELECT (SELECT count() FROM moves), (SELECT sum(moves) FROM totals)'),
      ).toBe(before);
    });

    test('what it computes itself is inserted once for each token, whatever it would be by now', async () => {
      await store.define(
        `CREATE TABLE computed (month UInt32, id UInt64) ENGINE = MergeTree PARTITION BY month ORDER BY id
         SETTINGS non_replicated_deduplication_window = 1000`,
      );
      const compute = (token: string) =>
        store.insertComputed({
          statement: 'INSERT INTO computed SELECT toYYYYMM(at), id FROM moves GROUP BY ALL',
          token,
        });
      const moves = await cell('SELECT count() FROM moves');
      await compute('first');
      await insert('more', rows(300_000, 300_010, 2));
      await compute('first');
      expect(await cell('SELECT count(), uniqExact(id) FROM computed')).toBe(`${moves}\t${moves}`);
      expect(
        await cell("SELECT count() FROM system.parts WHERE table = 'computed' AND active"),
      ).toBe('3');
      await compute('second');
      expect(Number(await cell('SELECT count() FROM computed'))).toBe(2 * Number(moves) + 10);
    });

    test('rows get their place in the log, in their order, however large the batch', async () => {
      await store.define(
        `CREATE TABLE placed (id UInt64, pad String, _partition UInt32 MATERIALIZED 0, _offset UInt64 MATERIALIZED 0)
         ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id
         SETTINGS non_replicated_deduplication_window = 1000`,
      );
      const count = 150_000;
      const pad = 'x'.repeat(200);
      const batch = {
        table: 'placed',
        lines: Buffer.from(
          Array.from({ length: count }, (_, id) => `${JSON.stringify({ id, pad })}\n`).join(''),
        ),
        rows: count,
        token: 'placed',
        place: { partition: 7, offset: 5_000_000_000 },
      };
      await store.insert(batch);
      await store.insert(batch);
      expect(
        await cell(
          'SELECT count(), countIf(_offset != id + 5000000000), min(_partition), max(_partition) FROM placed',
        ),
      ).toBe('150000\t0\t7\t7');
    });

    test('rows get their place in a log that skips offsets', async () => {
      await store.define(
        `CREATE TABLE skipping (id UInt64, _partition UInt32 MATERIALIZED 0, _offset UInt64 MATERIALIZED 0)
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
      );
      const ids = [102, 103, 105, 106, 10_000_000_000];
      await store.insert({
        table: 'skipping',
        lines: Buffer.from(ids.map((id) => `${JSON.stringify({ id })}\n`).join('')),
        rows: ids.length,
        token: 'skipping',
        place: {
          partition: 0,
          offset: 100,
          gaps: [
            { row: 0, offsets: 2 },
            { row: 2, offsets: 1 },
            { row: 4, offsets: 10_000_000_000 - 107 },
          ],
        },
      });
      expect(await cell('SELECT count(), countIf(_offset != id) FROM skipping')).toBe('5\t0');
    });

    test('an insert is refused after its deadline, and changes nothing', async () => {
      const before = await cell('SELECT count() FROM moves');
      const batch = {
        table: 'moves',
        lines: Buffer.from(rows(700_000, 700_100, 3).join('\n')),
        rows: 100,
        token: 'in time',
      };
      const [now = 0] = (await cell('SELECT toUnixTimestamp64Milli(now64(3))'))
        .split('\t')
        .map(Number);
      await expect(store.insert({ ...batch, deadlineMs: now - 1 })).rejects.toMatchObject({
        name: 'StoreError',
        retry: 'late',
      });
      expect(await cell('SELECT count() FROM moves')).toBe(before);
      await store.insert({ ...batch, deadlineMs: now + 600_000 });
      expect(await cell('SELECT count() FROM moves')).toBe(String(Number(before) + 100));
    });

    test('of rows that are there in part the others are inserted, at their places', async () => {
      await store.define(
        `CREATE TABLE missing (id UInt64, _partition UInt32 MATERIALIZED 0, _offset UInt64 MATERIALIZED 0)
         ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id
         SETTINGS non_replicated_deduplication_window = 0`,
      );
      const batch = {
        table: 'missing',
        lines: Buffer.from(
          Array.from({ length: 100 }, (_, n) => `{"id":${n < 50 ? n : n + 10}}\n`).join(''),
        ),
        rows: 100,
        token: 'missing',
        place: { partition: 7, offset: 1_000, gaps: [{ row: 50, offsets: 10 }] },
        deadlineMs: Date.UTC(2200, 0),
      };
      await store.insert(batch);
      await store.define('ALTER TABLE missing DROP PARTITION 1');
      await store.insert({ ...batch, place: { ...batch.place, partition: 8 } });
      await store.insert({ ...batch, onlyMissing: true });
      await store.insert({ ...batch, onlyMissing: true });
      expect(
        await cell(
          'SELECT count(), uniqExact(id), countIf(_offset != id + 1000) FROM missing WHERE _partition = 7',
        ),
      ).toBe('100\t100\t0');
    });

    test('rows that are only given are as they would be stored, and are not', async () => {
      await store.define(
        `CREATE TABLE given_as (id UInt64, at DateTime64(3, 'UTC'), amount Decimal(18, 2), properties JSON,
           _partition UInt32 MATERIALIZED 0, _offset UInt64 MATERIALIZED 0)
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
      );
      const lines = rows(0, 1_000).map((line, i) =>
        line.replace('}', `,"properties":{"a.b":1,"day":"2026-01-01","n":${i / 3}}}`),
      );
      const batch = {
        table: 'given_as',
        columns: ['id', 'at', 'amount', 'properties'],
        lines: Buffer.from(`${lines.join('\n')}\n`),
        rows: lines.length,
        place: { partition: 7, offset: 5_000_000_000 },
      };
      const question = `SELECT count() AS n, toString(sum(sipHash64(toString(tuple(id, at, amount, properties, _partition, _offset))))) AS said`;
      const said = async (from: Promise<ReadResult>) => Buffer.from((await from).bytes).toString();
      const given = await said(store.readGiven(batch, `${question} FROM given`));
      expect(await cell('SELECT count() FROM given_as')).toBe('0');
      await store.insert({ ...batch, token: 'given' });
      // As it decides how a name with a dot is written.
      const settings = { json_type_escape_dots_in_keys: 1 };
      expect(await said(store.read(`${question} FROM given_as`, { settings }))).toBe(given);
      expect(given).toContain('"n":1000');

      const broken = { ...batch, lines: Buffer.from('{"id":"x"}\n'), rows: 1 };
      await expect(store.readGiven(broken, `${question} FROM given`)).rejects.toMatchObject({
        name: 'StoreError',
        retry: 'split',
      });
      await expect(
        store.readGiven(batch, `${question} FROM given`, { signal: AbortSignal.abort() }),
      ).rejects.toMatchObject({ code: 394 });
    });

    test.each([
      ...['TSV', 'CSVWithNames', 'JSON', 'JSONEachRow', 'JSONColumns', 'Values', 'SQLInsert'],
      ...['RowBinary', 'Native', 'Parquet', 'ArrowStream', 'Avro', 'PrettyCompactMonoBlock'],
    ])('an answer that is streamed in %s has the bytes of one that is read', async (format) => {
      const sql = `SELECT number AS n, toString(n) AS s, if(n % 2 = 0, NULL, n / 3) AS f, range(n % 5) AS a
        FROM numbers(20000) WHERE n != {not:UInt64} ORDER BY n -- to the end`;
      // Formats of blocks show how long they are.
      const settings = { output_format_write_statistics: 0, max_threads: 1, max_block_size: 8_192 };
      const options = { format, settings, params: { not: 7 } };
      const answer = store.stream(sql, options);
      const bytes = await taken(answer);
      const read = await store.read(sql, options);
      if (exactly(format)) expect(bytes.equals(read.bytes)).toBe(true);
      expect(bytes.byteLength).toBeGreaterThan(1_000);
      expect(await answer.ended).toMatchObject({ rowsRead: read.rowsRead });
      await answer.leave();
    });

    test('an answer that is streamed ends with the error of its statement', async () => {
      const answer = store.stream("SELECT throwIf(number = 5, 'enough') FROM numbers(10)");
      await expect(taken(answer)).rejects.toMatchObject({ name: 'StoreError', code: 395 });
      await expect(answer.ended).rejects.toMatchObject({ code: 395 });
      await answer.leave();
      const missing = store.stream('SELECT missing FROM moves');
      await expect(taken(missing)).rejects.toMatchObject({ code: 47 });
      await missing.leave();
      const signal = AbortSignal.abort();
      const stopped = store.stream('SELECT 1', { signal });
      await expect(taken(stopped)).rejects.toMatchObject({ code: 394 });
      await stopped.leave();
    });

    test('equal rows under another token are other rows', async () => {
      const before = Number(await cell('SELECT count() FROM moves'));
      await insert('twin-a', rows(300_000, 300_010));
      await insert('twin-b', rows(300_000, 300_010));
      expect(Number(await cell('SELECT count() FROM moves'))).toBe(before + 20);
    });

    test('a batch with a row that cannot be read stores nothing and asks to be split', async () => {
      const before = await cell('SELECT count() FROM moves');
      const broken = [...rows(400_000, 400_100), '{"id":1,"at":0,"amount":"much"}'];
      await expect(insert('broken', broken)).rejects.toMatchObject({
        name: 'StoreError',
        retry: 'split',
      });
      expect(await cell('SELECT count() FROM moves')).toBe(before);
    });

    test('a batch over more partitions than allowed stores nothing and asks to be split', async () => {
      const before = await cell('SELECT count() FROM moves');
      await expect(insert('wide', rows(500_000, 500_500, 500))).rejects.toMatchObject({
        retry: 'split',
      });
      expect(await cell('SELECT count() FROM moves')).toBe(before);
    });

    test.each([
      'INSERT INTO moves (id) VALUES (1)',
      'DROP TABLE moves',
      'ALTER TABLE moves DELETE WHERE 1',
      'CREATE TABLE more (a Int8) ENGINE = Memory',
      'SET readonly = 0',
      'SELECT 1 SETTINGS readonly = 0',
      'TRUNCATE TABLE moves',
    ])('a read cannot change anything: %s', async (statement) => {
      await expect(store.read(statement)).rejects.toBeInstanceOf(StoreError);
    });

    test('a read is given parameters, settings and a format', async () => {
      const { bytes } = await store.read('SELECT {a:String} AS a, {b:UInt64} AS b', {
        params: { a: "it's \\ \n", b: 18446744073709551615n },
        settings: { output_format_json_quote_64bit_integers: 1 },
      });
      expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
        a: "it's \\ \n",
        b: '18446744073709551615',
      });
    });

    const running = () => cell('SELECT count() FROM system.processes');

    test('a long read holds up neither other reads nor inserts', async () => {
      const wanted = new AbortController();
      let finished = false;
      const long = store
        .read('SELECT sum(cityHash64(number)) FROM numbers(1000000000000)', {
          ...{ settings: { max_threads: 1 }, signal: wanted.signal },
        })
        .finally(() => {
          finished = true;
        });
      const stopped = expect(long).rejects.toBeInstanceOf(StoreError);
      await cell('SELECT 1');
      await insert('meanwhile', rows(600_000, 600_010));
      expect(finished).toBe(false);
      wanted.abort();
      await stopped;
      // A server may hear of it later than whoever asked.
      await expect.poll(running).toBe('1');
    });

    test('a read that is no longer wanted stops, and one that waits never begins', async () => {
      const unwanted = new AbortController();
      const { signal } = unwanted;
      // It would take minutes.
      const long = () =>
        store.read('SELECT sum(cityHash64(number)) FROM numbers(1000000000000)', { signal });
      const reads = [long(), long()];
      await expect.poll(running, { timeout: 60_000, interval: 1 }).toBe('3');
      reads.push(...Array.from({ length: 6 }, long));
      const ended = Promise.allSettled(reads);
      unwanted.abort();
      for (const each of await ended) {
        expect(each).toMatchObject({ status: 'rejected', reason: { code: 394 } });
      }
      await expect(long()).rejects.toMatchObject({ code: 394 });
    });

    test("the engine's own code comes with its error", async () => {
      await expect(store.read('SELECT nothing FROM moves')).rejects.toMatchObject({ code: 47 });
      await expect(store.read('SELEC 1')).rejects.toMatchObject({ code: 62 });
    });
  });
}
