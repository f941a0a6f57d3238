import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mutatedBatch } from '../collect/mutated-batch.suite.ts';
import { type RefusalCode, refusals } from '../collect/refusals.ts';
import {
  type Answer,
  answerOf,
  type IngestServer,
  openIngestServer,
  post,
} from './ingest.suite.ts';

let server: IngestServer;
beforeAll(async () => {
  server = await openIngestServer();
});
afterAll(() => server.close());

const send = (body: string | Uint8Array, type = 'application/json'): Promise<Answer> =>
  post(`${server.url}/v1/events`, body, type === '' ? {} : { 'content-type': type });

let lastId = 0;
function newId(): string {
  lastId += 1;
  return `id-${lastId}`;
}
const page = (id = newId()): string => `{"event_id":"${id}","type":"page"}`;

const accepted = (count: number): object => ({
  status: 200,
  body: { accepted: count, assigned: [], rejected: [] },
});

function receiptOf({ body }: Answer): { accepted: unknown; rejected: unknown } {
  if (typeof body !== 'object' || body === null) throw new Error('no receipt');
  if (!('accepted' in body) || !('rejected' in body)) throw new Error('no receipt');
  return body;
}

const error = (status: number, code: string): object => ({
  status,
  body: { error: { code, message: expect.any(String), mend: expect.any(String) } },
});

describe('POST /v1/events', () => {
  it.each([
    ['an object', () => page(), 1],
    ['an array', () => `[${page()},${page()}]`, 2],
    ['a batch', () => `{"batch":[${page()},${page()}]}`, 2],
    ['nothing to do', () => '[]', 0],
  ])('takes %s', async (_, body, count) => {
    expect(await send(body())).toMatchObject(accepted(count));
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'text/json',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'application/vnd.shop+json',
    '',
  ])('takes JSON under the type "%s"', async (type) => {
    expect(await send(page(), type)).toMatchObject(accepted(1));
  });

  it.each(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'text/plain'])(
    'takes lines under the type %s',
    async (type) => {
      expect(await send(`${page()}\n${page()}\n`, type)).toMatchObject(accepted(2));
    },
  );

  it.each([
    ['image/png', 415, 'unsupported_media_type'],
    ['multipart/form-data; boundary=x', 415, 'unsupported_media_type'],
    ['application/cloudevents+avro', 415, 'unsupported_media_type'],
    ['nonsense', 415, 'unsupported_media_type'],
  ])('does not take the type %s', async (type, status, code) => {
    expect(await send(page(), type)).toMatchObject(error(status, code));
  });

  it.each([
    ['', 'empty'],
    ['{"type":', 'not JSON'],
    ['5', 'neither an object nor an array'],
    ['event=page', 'not JSON'],
  ])('refuses the body %j as a whole', async (body, why) => {
    const answer = await send(body);
    expect(answer).toMatchObject(error(400, 'invalid_body'));
    expect(answer.body).toMatchObject({ error: { message: expect.stringContaining(why) } });
  });

  it('says which ids it made, and counts a duplicate as accepted', async () => {
    const before = { ...server.collector.counters };
    const body = `[${page('twice')},{"type":"page"},${page('twice')}]`;
    const first = await send(body);
    expect(first.body).toEqual({
      accepted: 3,
      assigned: [{ index: 1, event_id: expect.any(String) }],
      rejected: [],
    });
    await send(page('twice'));
    const { accepted: count, duplicates } = server.collector.counters;
    expect(count - before.accepted).toBe(4);
    expect(duplicates - before.duplicates).toBe(2);
    const stored = await server.events();
    expect(stored.filter(({ event_id }) => event_id === 'twice')).toHaveLength(1);
  });

  it('takes 10,000 events at once, and not one more', async () => {
    const lines = (count: number): string => `${'{"type":"page"}\n'.repeat(count)}`;
    const answer = await send(lines(10_000), 'application/x-ndjson');
    expect(answer).toMatchObject({ status: 200, body: { accepted: 10_000 } });
    expect(await send(lines(10_001))).toMatchObject(error(413, 'batch_too_large'));
  });
});

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const view = (properties: string): string => `{"type":"view","properties":${properties}}`;
const extra = (properties: string): string => `{"type":"page","properties":${properties}}`;
const hour = 3_600_000;

/** For each code an event that gets it, exactly as it is sent. */
const refused: Record<Exclude<RefusalCode, 'store_refused' | 'row_of_import'>, string | Buffer> = {
  invalid_json: '{"type":"page"',
  not_an_object: '["page"]',
  invalid_utf8: latin1('{"type":"page","user_id":"\xe9"}'),
  not_a_cloudevent: '{"specversion":"1.0","type":"page","source":"/"}',
  missing_type: '{"type":null}',
  unknown_event_type: '{"type":"Page"}',
  event_id_invalid: '{"event_id":5,"type":"page"}',
  event_id_too_long: `{"event_id":"${'ü'.repeat(65)}","type":"page"}`,
  bad_timestamp: '{"type":"page","timestamp":"2026-02-30"}',
  timestamp_in_future: `{"type":"page","timestamp":${Date.now() + 25 * hour}}`,
  timestamp_too_old: `{"type":"page","timestamp":${Date.now() - 401 * 24 * hour}}`,
  missing_property: view('{"product_id":"p","category":"c","price":null}'),
  unknown_property: '{"type":"strict","properties":{"name":"n","nmae":"n"}}',
  wrong_type: view('{"product_id":1,"category":"c","price":"1"}'),
  not_in_enum: '{"type":"everything","properties":{"color":"blue"}}',
  number_out_of_range: '{"type":"everything","properties":{"large":9223372036854775808}}',
  decimal_out_of_range: view('{"product_id":"p","category":"c","price":"12345678901234567"}'),
  decimal_too_precise: view('{"product_id":"p","category":"c","price":1.005}'),
  timestamp_out_of_range: '{"type":"everything","properties":{"at":"1800-01-01"}}',
  nul_character: extra('{"a":"b\\u0000"}'),
  lone_surrogate: extra('{"a\\ud800":"b"}'),
  reserved_key: extra('{"a":{"__proto__":{"admin":true}}}'),
  too_deep: extra(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`),
  too_many_properties: extra(
    JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`p${i}`, i]))),
  ),
  event_too_large: extra(`{"a":"${'x'.repeat(512 * 1024)}"}`),
};

describe('a refused event', () => {
  it.each(Object.entries(refused))('gets %s, and hurts no other', async (code, bad) => {
    const cloudEvent = (): string =>
      `{"specversion":"1.0","id":"${newId()}","source":"/","type":"page"}`;
    const isCloudEvent = code === 'not_a_cloudevent';
    const good = isCloudEvent ? cloudEvent : page;
    const body = Buffer.concat(
      code === 'invalid_json'
        ? [Buffer.from(`${good()}\n`), Buffer.from(bad), Buffer.from(`\n${good()}`)]
        : [Buffer.from(`[${good()}, `), Buffer.from(bad), Buffer.from(` ,${good()}]`)],
    );
    const answer = await send(
      body,
      isCloudEvent ? 'application/cloudevents-batch+json' : 'application/json',
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { accepted: 2, assigned: [], rejected: [{ index: 1, code }] },
    });
    const letter = (await server.deadLetters()).at(-1);
    const raw = Buffer.from(String(letter?.raw_base64), 'base64');
    expect(letter).toMatchObject({
      code,
      protocol: isCloudEvent ? 'cloudevents' : 'native',
      reason: expect.stringMatching(/\.$/),
      received_at: expect.any(Number),
    });
    expect(raw.equals(Buffer.from(bad).subarray(0, 512 * 1024))).toBe(true);
  });

  it.each([
    ['the event', '{"type":"page","__proto__":{"a":1}}'],
    ['its properties', '{"type":"page","properties":{"__proto__":1}}'],
    ['its properties, in escapes', '{"type":"page","properties":{"\\u005f_proto__":1}}'],
    ['its properties, null', '{"type":"page","properties":{"__proto__":null}}'],
    ['its context', '{"type":"page","context":{"a":[{"__proto__":1}]}}'],
    [
      'a declared object',
      '{"type":"everything","properties":{"address":{"city":"c","__proto__":1}}}',
    ],
    ['what would be dropped', '{"type":"narrow","properties":{"name":"n","__proto__":1}}'],
  ])('may have the name __proto__ in %s', async (_, event) => {
    expect(await send(event)).toMatchObject({
      status: 200,
      body: { rejected: [{ code: 'reserved_key' }] },
    });
  });

  it.each([
    ['event_id', '{"type":"page","event_id":"\\u0000"}', 'nul_character'],
    ['user_id', '{"type":"page","user_id":"\\udfff"}', 'lone_surrogate'],
    ['user_id', '{"type":"page","user_id":{}}', 'wrong_type'],
    ['session_id', '{"type":"page","session_id":1.5}', 'wrong_type'],
    ['type', '{"type":7}', 'wrong_type'],
    ['properties', '{"type":"page","properties":[]}', 'wrong_type'],
    ['context', '{"type":"page","context":"c"}', 'wrong_type'],
    ['context', `{"type":"page","context":{"a":1e999}}`, 'number_out_of_range'],
    ['event_id', '{"type":"page","event_id":""}', 'event_id_invalid'],
  ])('may be wrong in %s: %s', async (_, event, code) => {
    expect(await send(event)).toMatchObject({ status: 200, body: { rejected: [{ code }] } });
  });

  it('has a sentence for each code', () => {
    for (const sentence of Object.values(refusals)) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe('the Segment API', () => {
  it.each(['track', 'page', 'screen', 'identify', 'group', 'alias', 'batch', 'import'])(
    'answers on /v1/%s as its SDKs expect',
    async (call) => {
      const id = newId();
      const message = { messageId: id, event: 'click', properties: { element: 'e' } };
      const body =
        call === 'batch' || call === 'import'
          ? { batch: [{ type: 'track', ...message }, { type: 'nothing' }], sentAt: new Date() }
          : message;
      expect(await post(`${server.url}/v1/${call}`, JSON.stringify(body))).toMatchObject({
        status: 200,
        body: { success: true, accepted: 1, assigned: [] },
      });
      const type = ['track', 'batch', 'import'].includes(call) ? 'click' : call;
      expect((await server.events()).at(-1)).toMatchObject({ event_id: id, type });
    },
  );

  it('keeps what it refuses as a message that /v1/batch would take', async () => {
    await post(`${server.url}/v1/identify`, '{"traits":{"price":"free"}}');
    const letter = (await server.deadLetters()).at(-1);
    expect(letter).toMatchObject({ code: 'wrong_type', protocol: 'segment' });
    expect(Buffer.from(String(letter?.raw_base64), 'base64').toString()).toBe(
      '{"type":"identify","traits":{"price":"free"}}',
    );
  });
});

describe('other requests', () => {
  it.each([
    ['/v1/nothing', 404],
    ['/', 404],
  ])('at %s get their answer before their body is read', async (path, status) => {
    const { hostname, port } = new URL(server.url);
    const request = httpRequest({ hostname, port, path, method: 'POST' });
    request.setHeader('content-type', 'application/json');
    request.setHeader('content-length', 1024 ** 4);
    request.write('{');
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(status);
    request.destroy();
  });

  it('get 405 for QUERY, which Fastify knows as well', async () => {
    const answer = await answerOf(await fetch(`${server.url}/v1/events`, { method: 'QUERY' }));
    expect(answer).toMatchObject(error(405, 'method_not_allowed'));
  });

  it('get 404 and 405 as JSON', async () => {
    const get = async (path: string): Promise<Answer> => answerOf(await fetch(server.url + path));
    for (const path of ['/v1/nothing', '/*1/events', '/v1/*', '/v1/:a']) {
      expect(await get(path)).toMatchObject(error(404, 'not_found'));
    }
    const answer = await get('/v1/events?writeKey=x');
    expect(answer).toMatchObject(error(405, 'method_not_allowed'));
    expect(answer.headers.get('allow')).toBe('POST, OPTIONS');
  });
});

describe('pages of other origins', () => {
  it('may send events, with and without credentials', async () => {
    const origin = 'https://shop.example';
    const preflight = await fetch(`${server.url}/v1/events`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-any',
      },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-any',
      vary: 'Origin',
    });
    // An answer that the page may not read is as good as none, so errors carry it as well.
    for (const body of [page(), '{']) {
      const answer = await post(`${server.url}/v1/events`, body, { origin });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    }
    const { headers } = await send(page());
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('anything at all', () => {
  it.each(['/v1/events', '/v1/batch', '/v1/track'])(
    'sent to %s is answered with a receipt or a reason',
    async (path) => {
      const types = fc.constantFrom(
        'application/json',
        'application/x-ndjson',
        'application/cloudevents-batch+json',
      );
      await fc.assert(
        fc.asyncProperty(mutatedBatch, types, async (body, type) => {
          const { counters } = server.collector;
          const before = { ...counters };
          const answer = await post(server.url + path, body, { 'content-type': type });
          expect([200, 400, 415]).toContain(answer.status);
          if (answer.status !== 200) return;
          const { accepted: count, rejected } = receiptOf(answer);
          expect(count).toBe(counters.accepted - before.accepted);
          expect(rejected).toHaveLength(counters.refused - before.refused);
        }),
        { numRuns: 100 },
      );
    },
  );
});
