import { once } from 'node:events';
import { connect } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqlGuards, engineErrors } from '../query/sql-guard/index.ts';
import { openShopStore, type ShopStore } from '../query/sql-guard/shop-store.suite.ts';
import { createKeys } from './keys.ts';
import { codesByStatus } from './sql-errors.ts';
import { defaultSqlLimits, type SqlLimits } from './sql-limits.ts';
import { sqlRoutes } from './sql-routes.ts';
import { standInQuestions } from './sql-stand-ins.ts';

let shop: ShopStore;
const opened: FastifyInstance[] = [];
let app: FastifyInstance;
/** With a time limit that no slow machine reaches. */
let patient: FastifyInstance;
let url: string;

const limitedKeys = ['events-key:tables=events', 'sums-key:tables=revenue'];

async function serve(limits: Partial<SqlLimits>): Promise<FastifyInstance> {
  const server = Fastify({ forceCloseConnections: true });
  opened.push(server);
  const { readerOf } = createKeys({ write: ['w'], read: ['secret-key', ...limitedKeys] });
  await server.register(sqlRoutes, {
    store: shop.store,
    guardOf: createSqlGuards({
      store: shop.store,
      tables: ['events', 'dead_letters', 'revenue'],
      database: 'shop',
      databaseAliases: ['default'],
      standIns: standInQuestions(shop.store, { ...defaultSqlLimits, ...limits }),
    }),
    readerOf,
    databases: ['shop', 'default'],
    limits,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  return server;
}

beforeAll(async () => {
  shop = await openShopStore();
  app = await serve({ executionTimeMaxS: 300, resultMaxBytes: 1_000_000, questionsMax: 8 });
  url = app.listeningOrigin;
  patient = await serve({ executionTimeMaxS: 300, resultMaxBytes: 1_000_000 });
});
afterAll(async () => {
  await Promise.all(opened.map((server) => server.close()));
  await shop.close();
});

const authorization = 'Bearer secret-key';
const get = (search: Record<string, string>, headers: Record<string, string> = {}) =>
  app.inject({
    url: `/sql/?${new URLSearchParams(search)}`,
    headers: { authorization, ...headers },
  });
const post = (
  search: Record<string, string>,
  payload: string | Buffer,
  headers: Record<string, string> = {},
) =>
  app.inject({
    method: 'POST',
    url: `/sql?${new URLSearchParams(search)}`,
    headers: { authorization, ...headers },
    payload,
  });

describe('a question', () => {
  test('by GET, with the headers that ClickHouse sends', async () => {
    const answer = await get({
      query: 'SELECT event_id FROM events LIMIT 1 FORMAT JSONEachRow',
      query_id: 'q1',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toMatch(/^\{"event_id":"e\d+"\}\n$/);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=UTF-8',
      'x-clickhouse-format': 'JSONEachRow',
      'x-clickhouse-query-id': 'q1',
      'x-clickhouse-timezone': 'UTC',
      'x-clickhouse-server-display-name': 'millrace',
    });
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary']))).toMatchObject({
      read_rows: expect.stringMatching(/^\d+$/),
    });
  });

  test('by POST, in the body or in both, and gzipped', async () => {
    expect((await post({}, 'SELECT 1')).body).toBe('1\n');
    expect((await post({ query: 'SELECT' }, '2')).body).toBe('2\n');
    const packed = await post({}, gzipSync('SELECT 3'), { 'content-encoding': 'gzip' });
    expect(packed.body).toBe('3\n');
  });

  test('is answered in the format it names, else the default one', async () => {
    expect((await get({ query: 'SELECT 1 AS a', default_format: 'CSVWithNames' })).body).toBe(
      '"a"\n1\n',
    );
    expect(
      (await get({ query: 'SELECT 1 AS a format tsvWithNames', default_format: 'CSV' })).body,
    ).toBe('a\n1\n');
  });

  test('is compressed when asked for', async () => {
    const answer = await get(
      { query: 'SELECT number FROM numbers(1000)', enable_http_compression: '1' },
      { 'accept-encoding': 'gzip' },
    );
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.rawPayload).toString().split('\n')).toHaveLength(1001);
  });

  test('that begins Native over HTTP is told that answers have no additions to it', async () => {
    const query = 'SELECT displayName(), version(), revision(), timezone()';
    const native = { default_format: 'Native', client_protocol_version: '54460' };
    const { rawPayload, headers } = await post(native, query);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-clickhouse-format': 'Native',
    });
    const version = (await post({}, 'SELECT version()')).body.trim();
    const text = (value: string) => `${String.fromCharCode(value.length)}${value}`;
    const column = (name: string, type: string) => `${text(name)}${text(type)}\0`;
    expect(rawPayload.toString('latin1')).toBe(
      [
        '\x01\0\x02\xff\xff\xff\xff\0\x04\x01',
        `${column('displayName()', 'String')}${text('millrace')}`,
        `${column('version()', 'String')}${text(version)}`,
        `${column('revision()', 'UInt32')}\0\0\0\0`,
        `${column('timezone()', 'String')}${text('UTC')}`,
      ].join(''),
    );
    // None of them, whatever the client could read.
    const plain = (await post(native, 'SELECT 1 AS n')).rawPayload.toString('latin1');
    expect(plain).toBe('\x01\x01\x01n\x05UInt8\x01');
    expect((await post({}, query)).statusCode).toBe(403);
    const unknown = await post({ ...native, password: 'none' }, query, { authorization: '' });
    expect(unknown.statusCode).toBe(401);
  });

  test('has its placeholders filled as ClickHouse reads them', async () => {
    const answer = await get({
      query: 'SELECT {s:String}, {a:Array(String)}, {n:Nullable(Int64)}, {d:Decimal(18, 2)}',
      param_s: "it\\'s\\ta \\\\",
      param_a: "['a','b\\'c']",
      param_n: '\\N',
      param_d: '12.30',
    });
    expect(answer.body).toBe("it\\'s\\ta \\\\\t['a','b\\'c']\t\\N\t12.3\n");
  });
});

test('a form has fields that are as good as parameters of the URL', async () => {
  const form = new FormData();
  form.append('query', 'SELECT {s:String}, {n:UInt8} + 1');
  form.append('param_s', 'x'.repeat(200_000));
  const ask = (body: FormData | string, headers: Record<string, string> = {}) =>
    fetch(`${url}/sql?param_n=1`, { method: 'POST', body, headers: { authorization, ...headers } });
  expect(await (await ask(form)).text()).toBe(`${'x'.repeat(200_000)}\t2\n`);
  form.append('table', new Blob(['1']));
  expect((await ask(form)).status).toBe(501);
  expect((await ask('--x', { 'content-type': 'multipart/form-data; boundary=y' })).status).toBe(
    400,
  );
});

describe('what drivers ask of system.settings', () => {
  test('is answered with the settings that a question may name, and no others', async () => {
    const answer = await get({
      query: 'SELECT name, value, readonly FROM system.settings LIMIT 10000',
      default_format: 'JSONCompactEachRow',
    });
    const settings = answer.body
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(settings).toContainEqual(['max_execution_time', '300', 0]);
    expect(settings).toContainEqual(['join_use_nulls', '0', 0]);
    expect(settings).toContainEqual(['enable_http_compression', '0', 0]);
    expect(settings.length).toBeGreaterThan(80);
    for (const [name, value] of settings.map(String).map((line) => line.split(','))) {
      const asked = await get({ query: 'SELECT 1', [name ?? '']: value ?? '' });
      expect([name, asked.body]).toEqual([name, '1\n']);
    }
    expect(settings.map(String)).not.toContainEqual(
      expect.stringMatching(/^(readonly|offset|additional_)/),
    );
  });

  test.each([
    ['SELECT count() > 80 FROM `system` . "settings" AS s WHERE s.readonly = 0', '1\n'],
    ['SELECT 1 FROM numbers(1) AS n JOIN system.settings AS s ON 1 LIMIT 1', '1\n'],
  ])('joins a question as a table would: %s', async (query, answer) => {
    expect((await post({}, query)).body).toBe(answer);
  });

  test.each([
    'SELECT 1 IN system.settings',
    'SELECT * FROM events, system.settings',
    'SELECT * FROM x.system.settings',
    `SELECT 1 ${'FROM system.settings '.repeat(10_000)}`,
  ])('opens no other way to it: %s', async (query) => {
    expect((await post({}, query)).statusCode).toBeGreaterThanOrEqual(400);
  });
});

describe('a reader', () => {
  const numbers = (count: number) =>
    `/sql?query=${encodeURIComponent(`SELECT number FROM numbers(${count})`)}&password=secret-key`;

  test('that leaves takes its question along', async () => {
    const server = await serve({ questionsMax: 1, executionTimeMaxS: 300 });
    const leaving = new AbortController();
    const long = encodeURIComponent('SELECT sum(cityHash64(number)) FROM numbers(1000000000000)');
    const asked = fetch(`${server.listeningOrigin}/sql?query=${long}&password=secret-key`, leaving);
    const next = async () => (await fetch(`${server.listeningOrigin}${numbers(1)}`)).status;
    await expect.poll(next, { interval: 1 }).toBe(503);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(next).toBe(200);
  });

  test('that kills its question by its id gets the place free, and the question an error', async () => {
    const server = await serve({ questionsMax: 1, executionTimeMaxS: 200 });
    const ask = (sql: string, search = '') => {
      const url = `${server.listeningOrigin}/sql?password=secret-key${search}`;
      return fetch(url, { method: 'POST', body: sql });
    };
    const long = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)';
    const asked = ask(long, '&query_id=long-1');
    // It has the only place, which is none to a KILL.
    const kill = async () => (await ask("KILL QUERY WHERE query_id = 'long-1' SYNC")).text();
    await expect.poll(kill, { timeout: 120_000 }).toBe('waiting\tlong-1\n');
    const killed = await asked;
    expect(killed.headers.get('x-clickhouse-exception-code')).toBe('394');
    expect(await killed.text()).toContain('QUERY_WAS_CANCELLED');
    expect(await kill()).toBe('');
    const next = async () => (await ask('SELECT 1')).text();
    await expect.poll(next).toBe('1\n');
  });

  const fast = async (server: FastifyInstance) =>
    (await fetch(server.listeningOrigin + numbers(1))).status;
  /** What the engine still does of an answer. */
  const running = async (what: string): Promise<string> => {
    const { bytes } = await shop.store.read(
      `SELECT count() FROM system.processes WHERE query LIKE 'SELECT number AS ${what}%'`,
      { format: 'TSV' },
    );
    return Buffer.from(bytes).toString().trim();
  };

  test('that does not take its answer is dropped after a while', async () => {
    const server = await serve({ questionsMax: 1, answerIdleMaxMs: 3_000 });
    const { port } = new URL(server.listeningOrigin);
    // Some 34 MB, more than the kernel takes off the server's hands.
    const idle = connect(Number(port), '127.0.0.1');
    idle.write(`GET ${numbers(4_500_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(idle, 'readable');
    expect(await fast(server)).toBe(503);
    await expect.poll(() => fast(server)).toBe(200);
    idle.destroy();
  });

  test('gets an answer of any length, which is never in memory as a whole', async () => {
    const before = process.memoryUsage().rss;
    let most = 0;
    const query =
      'SELECT number AS a, a AS b, a AS c, a AS d FROM numbers(9000000) FORMAT RowBinary';
    const answer = await fetch(
      `${patient.listeningOrigin}/sql?password=secret-key&query=${encodeURIComponent(query)}`,
    );
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.byteLength;
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect(bytes).toBe(288_000_000);
    expect(most).toBeLessThan(200_000_000);
  });

  test('that leaves in the midst of its answer, or is killed, stops the engine', async () => {
    const ask = (sql: string, search = '', more: object = {}) =>
      fetch(`${patient.listeningOrigin}/sql?password=secret-key${search}`, {
        method: 'POST',
        body: sql,
        ...more,
      });
    const leaving = new AbortController();
    const { signal } = leaving;
    const endless = 'SELECT number AS left_early FROM numbers(1000000000000)';
    const left = await ask(endless, '', { signal });
    expect(left.status).toBe(200);
    expect(await running('left_early')).toBe('1');
    leaving.abort();
    await expect.poll(() => running('left_early')).toBe('0');

    const sql = 'SELECT number AS killed_early FROM numbers(1000000000000)';
    const killed = await ask(sql, '&query_id=long-2');
    expect(await (await ask("KILL QUERY WHERE query_id = 'long-2'")).text()).toContain('waiting');
    let end = '';
    const taking = async () => {
      for await (const chunk of killed.body ?? []) {
        end = (end + Buffer.from(chunk).toString()).slice(-1_000);
      }
    };
    await expect(taking()).rejects.toThrow('terminated');
    expect(end).toContain('(QUERY_WAS_CANCELLED)');
    // The engine takes it from its list a moment after its answer has ended.
    await expect.poll(() => running('killed_early'), { timeout: 60_000 }).toBe('0');
  });
});

describe('a refusal', () => {
  test.each([
    ['SELECT 1 +', 400, 62],
    ['SELECT * FROM nowhere', 404, 60],
    ['SELECT missing FROM events', 404, 47],
    ['SELECT * FROM system.processes', 403, 497],
    ["SELECT file('/etc/passwd')", 403, 497],
    ['DROP TABLE events', 403, 164],
    ['SELECT 1; SELECT 2', 400, 62],
    ['SELECT 1 SETTINGS readonly = 0', 403, 164],
    ["SELECT 1 SETTINGS output_format_schema = 'x'", 403, 164],
    ["SELECT true SETTINGS bool_true_representation = 'xxxxxxxx'", 403, 164],
    ["SELECT 1 SETTINGS timeout_overflow_mode = 'break'", 403, 164],
    ['SELECT 1 SETTINGS offset = 1', 403, 164],
    ['SELECT 1 FORMAT Template', 404, 73],
    ['SELECT {x:Int64}', 400, 456],
    ["SELECT '\\0' < 1", 400, 53],
  ])('%s', async (query, status, code) => {
    const answer = await post({}, query);
    expect([answer.statusCode, answer.headers['x-clickhouse-exception-code']]).toEqual([
      status,
      String(code),
    ]);
    expect(answer.body).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .+ \\([A-Z_]+\\)\n$`, 's'),
    );
  });

  test('of a question that takes longer than it may', async () => {
    const hasty = await serve({ executionTimeMaxS: 1 });
    const answer = await hasty.inject({
      method: 'POST',
      url: '/sql',
      headers: { authorization },
      payload: 'SELECT sum(number) FROM numbers(1000000000000)',
    });
    expect([answer.statusCode, answer.headers['x-clickhouse-exception-code']]).toEqual([
      408,
      '159',
    ]);
    expect(answer.body).toMatch(/^Code: 159\. DB::Exception: .+ \(TIMEOUT_EXCEEDED\)\n$/s);
  });

  test('with the place in the statement as it was sent', async () => {
    const answer = await post({}, '/* x */ SELECT 1 1 FROM events');
    expect(answer.body).toContain('failed at position 18 (1)');
    expect((await post({}, 'SELECT\n  file(1)')).body).toContain('(line 2, column 3)');
  });

  test('of a setting, a database or ClickHouse compression in the URL', async () => {
    expect((await get({ query: 'SELECT 1', readonly: '0' })).statusCode).toBe(403);
    expect((await get({ query: 'SELECT 1', additional_result_filter: '1' })).statusCode).toBe(403);
    expect((await get({ query: 'SELECT 1', param_x: '1', max_memory_usage: 'x' })).statusCode).toBe(
      400,
    );
    expect((await get({ query: 'SELECT 1', database: 'secret' })).statusCode).toBe(404);
    expect((await get({ query: 'SELECT 1', compress: '1' })).statusCode).toBe(501);
    expect(
      (await get({ query: 'SELECT 1', database: 'default', max_threads: '64' })).statusCode,
    ).toBe(200);
  });

  test('of a reader without a key, in the words of ClickHouse', async () => {
    const answer = await app.inject({ url: '/sql?query=SELECT+1' });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toMatch(/^Code: 516\. .+\(AUTHENTICATION_FAILED\)\n$/);
    expect((await get({ query: 'SELECT 1' }, { authorization: 'Bearer w' })).statusCode).toBe(401);
    const byHeader = await app.inject({
      url: '/sql?query=SELECT+1',
      headers: { 'x-clickhouse-key': 'secret-key' },
    });
    expect(byHeader.body).toBe('1\n');
  });

  test('of a body that is too large, or no text', async () => {
    expect((await post({}, `SELECT '${'x'.repeat(1_100_000)}'`)).statusCode).toBe(413);
    expect(
      (await post({}, gzipSync(Buffer.alloc(2_000_000)), { 'content-encoding': 'gzip' }))
        .statusCode,
    ).toBe(413);
    expect((await post({}, Buffer.from([0x53, 0xff]))).statusCode).toBe(400);
  });

  test.each([
    "SELECT repeat('a', 10000) FROM numbers(10000000)",
    "SELECT toLowCardinality(materialize(repeat('a', 10000))) FROM numbers(20000)",
    "SELECT concat(type, repeat('a', 100000)) FROM events",
    'SELECT toString(number) FROM numbers(3000000) FORMAT JSONColumns',
    `SELECT '${'x'.repeat(100_000)}' FROM numbers(20000)`,
  ])('of an answer that is too large: %s', async (query) => {
    const before = process.memoryUsage().rss;
    const answer = await patient.inject({
      method: 'POST',
      url: '/sql?default_format=JSON',
      headers: { authorization },
      payload: query,
    });
    expect([answer.body.slice(0, 80), answer.statusCode]).toEqual([
      expect.stringContaining('Code: 396'),
      500,
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(500_000_000);
  });
});

test('error codes have the names that the engine gives them', async () => {
  const codes = [
    ...Object.entries(engineErrors),
    ...Object.values(codesByStatus).flatMap((text) =>
      text.split(/\s+/).map((each) => each.split(':')),
    ),
  ];
  expect(codes.length).toBeGreaterThan(50);
  for (const [name, code] of codes) {
    const { bytes } = await shop.store.read(`SELECT errorCodeToName(${code})`, { format: 'TSV' });
    expect([code, Buffer.from(bytes).toString().trim()]).toEqual([code, name]);
  }
});

test('more questions at once than allowed are told to come again', async () => {
  const asked = Array.from({ length: 20 }, () =>
    get({ query: 'SELECT sum(number) FROM numbers(1000000)' }),
  );
  const answers = await Promise.all(asked);
  const refused = answers.filter(({ statusCode }) => statusCode === 503);
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(20 - refused.length);
  expect(refused.length).toBeGreaterThan(0);
  for (const { body, headers } of refused) {
    expect(body).toMatch(/^Code: 202\..+\(TOO_MANY_SIMULTANEOUS_QUERIES\)\n$/);
    expect(headers['retry-after']).toBe('1');
  }
  expect((await get({ query: 'SELECT 1' })).body).toBe('1\n');
});

test('an answer of many rows is whole, and so is one that waits for its end', async () => {
  const late = await patient.inject({
    url: '/sql?query=SELECT+number+FROM+numbers(300000)&wait_end_of_query=1',
    headers: { authorization },
  });
  expect(late.body.split('\n')).toHaveLength(300_001);
  expect(JSON.parse(String(late.headers['x-clickhouse-summary']))).toMatchObject({
    read_rows: '300000',
  });
  const answer = await post({}, 'SELECT number FROM numbers(100000)');
  expect(answer.body.split('\n')).toHaveLength(100_001);
});

describe('@clickhouse/client', () => {
  const open = (more: object = {}) =>
    createClient({
      url,
      pathname: '/sql',
      log: { level: ClickHouseLogLevel.OFF },
      username: 'default',
      password: 'secret-key',
      ...more,
    });

  test('pings both ways', async () => {
    const client = open();
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    await client.close();
  });

  test.each([
    'JSON',
    'JSONEachRow',
    'JSONCompact',
    'JSONCompactEachRow',
    'JSONObjectEachRow',
    'JSONColumnsWithMetadata',
  ] as const)('reads %s', async (format) => {
    const client = open({ compression: { response: true } });
    const rows = await client.query({
      query: 'SELECT type, count() AS n FROM events GROUP BY type',
      format,
    });
    expect(JSON.stringify(await rows.json())).toContain('add_to_cart');
    expect(rows.response_headers['x-clickhouse-format']).toBe(format);
    await client.close();
  });

  test.each([
    'CSV',
    'CSVWithNames',
    'TabSeparated',
    'TabSeparatedWithNamesAndTypes',
    'CustomSeparated',
  ] as const)('reads %s as text, or is told that it cannot', async (format) => {
    const client = open();
    const asked = client
      .query({ query: "SELECT 'a' AS x, 1 AS y", format })
      .then((rows) => rows.text());
    if (format === 'CustomSeparated') await expect(asked).rejects.toThrow(/Unknown format/);
    else expect(await asked).toContain('a');
    await client.close();
  });

  test('streams rows, and reads Parquet', async () => {
    const client = open();
    const rows = await client.query({
      query: 'SELECT event_id FROM events',
      format: 'JSONEachRow',
    });
    let count = 0;
    for await (const batch of rows.stream()) count += batch.length;
    expect(count).toBe(40);
    const { stream } = await client.exec({ query: 'SELECT event_id FROM events FORMAT Parquet' });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).subarray(0, 4).toString()).toBe('PAR1');
    await client.close();
  });

  const cut = {
    query: 'SELECT number FROM numbers(1000000000)',
    clickhouse_settings: { max_result_rows: '500000', result_overflow_mode: 'throw' },
  } as const;

  test.each([false, true])('sees an answer that breaks off, compressed: %s', async (response) => {
    const client = open({ url: patient.listeningOrigin, compression: { response } });
    const rows = await client.query({ ...cut, format: 'JSONEachRow' });
    let count = 0;
    const taking = async () => {
      for await (const batch of rows.stream()) count += batch.length;
    };
    // While it unpacks, the client says only that it broke off.
    const said = response ? /396|aborted/ : /TOO_MANY_ROWS_OR_BYTES|Limit for result exceeded/;
    await expect(taking()).rejects.toThrow(said);
    expect(count).toBeGreaterThan(10_000);
    // As a whole, too, and in a format that has a beginning and an end.
    const json = await client.query({ ...cut, format: 'JSON' });
    await expect(json.json()).rejects.toThrow();
    await client.close();
  });

  test('gets the error at once where it waits for the end', async () => {
    const client = open({ url: patient.listeningOrigin });
    const clickhouse_settings = { ...cut.clickhouse_settings, wait_end_of_query: 1 } as const;
    await expect(client.query({ ...cut, clickhouse_settings })).rejects.toMatchObject({
      code: '396',
    });
    await client.close();
  });

  test('binds parameters of many types, and passes settings', async () => {
    const client = open({ database: 'shop' });
    const parameters = {
      s: "it's \\ a\ttab\nline",
      i: 42,
      f: 1.5,
      b: true,
      n: null,
      a: ["x'y", 'z\\'],
      d: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
      m: { k: 1 },
    };
    const rows = await client.query({
      query: `SELECT {s:String} AS s, {i:Int32} AS i, {f:Float64} AS f, {b:Bool} AS b,
        {n:Nullable(String)} AS n, {a:Array(String)} AS a, {d:DateTime64(3)} AS d, {m:Map(String, UInt8)} AS m`,
      query_params: parameters,
      format: 'JSONEachRow',
      clickhouse_settings: { date_time_output_format: 'iso', wait_end_of_query: 1, max_threads: 1 },
    });
    expect(await rows.json()).toEqual([{ ...parameters, d: '2026-01-02T03:04:05.678Z' }]);
    await client.close();
  });

  test('reads the tables of its default database', async () => {
    const client = open({ database: 'default' });
    const rows = await client.query({
      query: 'SELECT count() AS n FROM default.events WHERE default.events.late',
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ n: 4 }]);
    await client.close();
  });

  test('gets errors it understands', async () => {
    const client = open();
    await expect(client.query({ query: 'SELEC 1' })).rejects.toMatchObject({
      code: '164',
      type: 'READONLY',
    });
    await expect(client.query({ query: 'SELECT 1 FROM nowhere' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
    await expect(
      client.command({ query: 'CREATE TABLE x (a Int8) ENGINE = Memory' }),
    ).rejects.toMatchObject({ code: '164' });
    await expect(
      client.insert({ table: 'events', values: [{ event_id: 'x' }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ code: '164' });
    await client.close();
    const stranger = open({ password: 'wrong' });
    await expect(stranger.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
    await stranger.close();
  });
});

describe('what tools ask to show what there is', () => {
  let patient: FastifyInstance;
  beforeAll(async () => {
    patient = await serve({});
  });
  const ask = async (key: string, query: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await patient.inject({ method: 'POST', url: '/sql', headers, payload: query })).body;
  };

  test.each([
    ['SELECT name FROM system.databases', 'shop\n'],
    [
      'SELECT name, engine FROM system.tables ORDER BY name',
      'dead_letters\tMergeTree\nevents\tMergeTree\nrevenue\tView\n',
    ],
    ["SELECT count() FROM system.tables WHERE database = 'secret' OR name = 'revenue__v1'", '0\n'],
    ["SELECT primary_key FROM `system`.`tables` WHERE name = 'events'", 'type, timestamp\n'],
    [
      "SELECT name, type, position FROM system.columns WHERE table = 'revenue' AND database LIKE 'shop'",
      'bucket\tDateTime\t1\ncurrency\tString\t2\norders\tUInt64\t3\ntotal\tDecimal(38, 2)\t4\n',
    ],
    // The whole names that tables of the engine have, beside an alias and without one.
    [
      "SELECT system.tables.name, d.name FROM system.tables t JOIN system.databases d ON system.tables.database = system.databases.name WHERE t.name LIKE 'rev%'",
      'revenue\tshop\n',
    ],
    [
      "SELECT system.columns.name FROM system.columns WHERE system.columns.table = 'dead_letters' LIMIT 1",
      'code\n',
    ],
    ['SELECT a.name FROM system.databases AS a, events AS e LIMIT 1', 'shop\n'],
    ["SELECT countIf(name = 'toDate') FROM system.functions", '1\n'],
    ["SELECT count() FROM system.table_functions WHERE name = 'numbers'", '1\n'],
    ["SELECT count() FROM system.data_type_families WHERE name = 'UInt8'", '1\n'],
    [
      "SELECT c1, c2 FROM VALUES('c1 String, c2 Nullable(Int32)', ('a', 1), ('b', NULL))",
      'a\t1\nb\t\\N\n',
    ],
  ])('answers %s', async (query, expected) => {
    expect(await ask('secret-key', query)).toBe(expected);
  });

  test('is of what the key may read', async () => {
    expect(await ask('sums-key', 'SELECT name FROM system.tables')).toBe('revenue\n');
    expect(await ask('sums-key', 'SELECT DISTINCT table FROM system.columns')).toBe('revenue\n');
  });

  test.each([
    "SELECT * FROM VALUES('c String DEFAULT file(''/etc/passwd'')', 'x')",
    "SELECT * FROM VALUES('c String ALIAS version()', 'x')",
    "SELECT * FROM VALUES('c AggregateFunction(count)', 'x')",
    'SELECT * FROM VALUES(1, 2)',
    'SELECT 1 IN system.tables',
    'SELECT * FROM events, system.columns',
  ])('does not answer %s', async (query) => {
    expect(await ask('secret-key', query)).toMatch(/\((ACCESS_DENIED|UNKNOWN_TABLE)\)/);
  });
});

describe('a read key with a list of tables', () => {
  let patient: FastifyInstance;
  beforeAll(async () => {
    patient = await serve({});
  });
  const ask = async (key: string, query: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await patient.inject({ method: 'POST', url: '/sql', headers, payload: query });
    return { status: answer.statusCode, body: answer.body };
  };

  test.each([
    'SELECT * FROM dead_letters',
    'SELECT count() FROM shop.dead_letters',
    'SELECT count() FROM default.dead_letters',
    'SELECT count() FROM `dead_letters`',
    'SELECT e.type FROM events AS e JOIN dead_letters AS d ON d.code = e.type',
    'SELECT e.type FROM events AS e, dead_letters',
    'SELECT type FROM events WHERE type IN (SELECT code FROM dead_letters)',
    "SELECT ('a', 'b', 'c') IN dead_letters FROM events",
    'SELECT (SELECT count() FROM dead_letters) FROM events',
    'SELECT * FROM (SELECT * FROM (SELECT raw FROM dead_letters))',
    'WITH d AS (SELECT raw FROM dead_letters) SELECT * FROM d',
    'WITH (SELECT max(raw) FROM dead_letters) AS raw SELECT raw FROM events',
    'WITH dead_letters AS (SELECT * FROM dead_letters) SELECT * FROM dead_letters',
    'SELECT type FROM events UNION ALL SELECT raw FROM dead_letters',
    'SELECT type FROM events EXCEPT SELECT raw FROM dead_letters',
    'SELECT exists(SELECT 1 FROM dead_letters)',
    'DESCRIBE TABLE dead_letters',
    'DESC shop.dead_letters',
    'DESCRIBE (SELECT * FROM dead_letters)',
    'EXPLAIN SELECT * FROM dead_letters',
    'EXPLAIN ESTIMATE SELECT * FROM dead_letters',
  ])('does not get %s', async (statement) => {
    expect((await ask('secret-key', statement)).body).not.toContain('may ask');
    const { status, body } = await ask('events-key', statement);
    expect(status).toBe(403);
    expect(body).toMatch(/^Code: 497\. .*\(ACCESS_DENIED\)\n$/);
  });

  test('is told which table it was, and what it may', async () => {
    const { body } = await ask('events-key', 'SELECT 1 FROM events, revenue');
    expect(body).toBe(
      'Code: 497. DB::Exception: This read key may ask events alone, not revenue: use one that may (line 1, column 23). (ACCESS_DENIED)\n',
    );
  });

  test('gets its own, with views that read what it may not, and lists these alone', async () => {
    expect((await ask('events-key', 'SELECT count() FROM events')).body).toBe('40\n');
    expect((await ask('sums-key', 'SELECT orders FROM revenue')).body).toBe('2\n');
    expect((await ask('sums-key', 'SHOW TABLES')).body).toBe('revenue\n');
    expect((await ask('events-key', 'EXISTS dead_letters')).body).toBe('0\n');
    expect((await ask('sums-key', 'SELECT count() FROM events')).status).toBe(403);
    // What another reader was let through with is not remembered for this one.
    expect((await ask('secret-key', 'SELECT count() FROM dead_letters')).status).toBe(200);
    expect((await ask('events-key', 'SELECT count() FROM dead_letters')).status).toBe(403);
    expect((await ask('events-key', 'SELECT name FROM nowhere')).status).toBe(404);
  });
});
