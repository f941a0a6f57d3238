import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerError } from './error-answer.ts';
import { type IngestServer, openIngestServer, post } from './ingest.suite.ts';
import { createKeys } from './keys.ts';
import { commandKey } from './read-key.ts';

const keysOptions = { write: ['w-one', 'w-two'], read: ['r-one'] };
const basic = (user: string, password = ''): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

let server: IngestServer;
beforeAll(async () => {
  server = await openIngestServer({ keys: keysOptions });
});
afterAll(() => server.close());

const status = async (
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '{"event":"page","type":"page"}',
): Promise<number> =>
  (await post(server.url + path, body, { 'content-type': 'application/json', ...headers })).status;

describe('a write key', () => {
  it.each([
    ['bearer', '/v1/events', { authorization: 'Bearer w-one' }],
    ['bearer, in any case', '/v1/events', { authorization: 'bEARER w-two' }],
    ['basic', '/v1/events', { authorization: basic('w-two') }],
    ['basic, as password', '/v1/events', { authorization: basic('any', 'w-two') }],
    ['the query', '/v1/events?writeKey=w-one', {}],
    ['basic, for the Segment API', '/v1/page', { authorization: basic('w-one') }],
    ['the query, for the Segment API', '/v1/page?writeKey=w-one', {}],
  ])('opens ingestion by %s', async (_, path, headers) => {
    expect(await status(path, headers)).toBe(200);
  });

  it.each([
    ['{"writeKey":"w-one"}', '/v1/page', 200],
    ['{"writeKey":"w-one","batch":[]}', '/v1/batch', 200],
    ['[{"writeKey":"w-one","type":"page"}]', '/v1/batch', 200],
    ['{"writeKey":"wrong"}', '/v1/page', 401],
    ['{"writeKey":5}', '/v1/page', 401],
    ['{}', '/v1/page', 401],
    // This way of sending carries no key in its body.
    ['{"writeKey":"w-one","type":"page"}', '/v1/events', 401],
  ])('comes in the body %s to %s: %i', async (body, path, expected) => {
    expect(await status(path, {}, body)).toBe(expected);
  });

  it.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer nope' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a read key', { authorization: 'Bearer r-one' }],
    ['the start of one', { authorization: 'Bearer w-on' }],
    ['a scheme nobody knows', { authorization: 'Digest w-one' }],
  ])('must not be %s', async (_, headers) => {
    const answer = await post(`${server.url}/v1/events`, '{"type":"page"}', headers);
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is looked at before the body is read, and nothing of that is stored', async () => {
    const before = { ...server.collector.counters };
    expect(await status('/v1/page', { authorization: 'Bearer nope' }, 'x'.repeat(20_000_000))).toBe(
      401,
    );
    expect(await status('/v1/events', {}, 'no JSON')).toBe(401);
    expect(server.collector.counters).toEqual(before);
  });
});

describe('requireRead', () => {
  const app = fastify();
  const { requireRead } = createKeys(keysOptions);
  app.setErrorHandler(answerError);
  app.get('/', { onRequest: requireRead }, async () => 'answer');
  const open = fastify();
  open.get('/', { onRequest: createKeys({ write: [], read: [] }).requireRead }, async () => 1);

  it.each([
    ['bearer', '/', { authorization: 'Bearer r-one' }, 200],
    ['basic, as user', '/', { authorization: basic('r-one') }, 200],
    ['basic, as password', '/', { authorization: basic('default', 'r-one') }, 200],
    ['basic, a password with colons', '/', { authorization: basic('default', 'r-one:x') }, 401],
    ['the header of ClickHouse', '/', { 'x-clickhouse-key': 'r-one' }, 200],
    ['the query', '/?user=default&password=r-one', {}, 200],
    ['the query, twice', '/?password=r-one&password=r-one', {}, 401],
    ['a write key', '/', { authorization: 'Bearer w-one' }, 401],
    ['nothing', '/', {}, 401],
  ])('takes %s', async (_, url, headers, expected) => {
    expect((await app.inject({ url, headers })).statusCode).toBe(expected);
    expect((await open.inject({ url, headers })).statusCode).toBe(200);
  });
});

describe('a read key with a list of tables', () => {
  const app = fastify();
  const tables = ['events', 'dead_letters', 'sums'];
  const read = ['whole', 'some:tables=events+sums', 'a:b', 'c==', 'd:tables'];
  const { requireRead, readerOf } = createKeys({ write: [], read, tables });
  app.setErrorHandler(answerError);
  app.get('/v1/all', { onRequest: requireRead }, async () => 'answer');
  app.get('/', async (request) => [...(readerOf(request).tables ?? ['all'])]);
  const ask = (key: string, url = '/') =>
    app.inject({ url, headers: { authorization: `Bearer ${key}` } });

  it.each(['whole', 'a:b', 'c==', 'd:tables'])('is not %s, which may ask all', async (key) => {
    expect((await ask(key)).json()).toEqual(['all']);
    expect((await ask(key, '/v1/all?x=1')).body).toBe('answer');
  });

  it('may ask these, and nothing of all', async () => {
    expect((await ask('some')).json()).toEqual(['events', 'sums']);
    const answer = await ask('some', '/v1/all?password=some');
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual({
      error: {
        code: 'read_key_limited',
        message: 'This read key may ask events, sums alone, not /v1/all.',
        mend: 'Use a read key that may. Who runs Millrace lists the tables of a key: KEY:tables=events+….',
      },
    });
  });

  it('is the part before its list', async () => {
    for (const key of ['some:tables=events+sums', 'some:tables=events', 'a', 'd']) {
      expect((await ask(key)).statusCode, key).toBe(401);
    }
  });

  it.each([
    ['k:tables=', 'needs names'],
    [':tables=events', 'needs names'],
    ['k:tables=events,sums', 'needs names'],
    ['k:tables=events+', 'needs names'],
    ['k:tables=event', 'the table event, which there is not; there are events, dead_letters, sums'],
  ])('is refused as %s', (key, why) => {
    expect(() => createKeys({ write: [], read: ['r', key], tables })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(why) }),
    );
  });

  it('is given once', () => {
    for (const other of ['k', 'k:tables=sums']) {
      expect(() => createKeys({ write: [], read: ['k:tables=events', other], tables })).toThrow(
        'given twice',
      );
    }
  });

  it('is not what a command asks with, where there is another', () => {
    expect(commandKey(['some:tables=events', 'whole'])).toBe('whole');
    expect(commandKey(['some:tables=events'])).toBe('some');
    expect(commandKey([])).toBeUndefined();
  });
});

describe('without keys', () => {
  it('any key opens ingestion, and none', () => {
    const { isWriteKey } = createKeys({ write: [], read: [] });
    for (const key of ['', 'a', undefined, null, {}]) expect(isWriteKey(key)).toBe(true);
  });

  it('asks only for itself: a name of others that points here is refused', async () => {
    const app = fastify();
    app.setErrorHandler(answerError);
    const { requireRead } = createKeys({ write: [], read: [] });
    app.get('/', { onRequest: requireRead }, async () => 'answer');
    const answers = [
      'localhost:8080',
      '127.0.0.1',
      '127.1.2.3:1',
      '[::1]:8080',
      'evil.example',
      '127.0.0.1.evil.example:80',
    ];
    const statuses = await Promise.all(
      answers.map(async (host) => (await app.inject({ url: '/', headers: { host } })).statusCode),
    );
    expect(statuses).toEqual([200, 200, 200, 200, 401, 401]);
  });
});
