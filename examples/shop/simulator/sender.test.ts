import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Delivery } from './deliveries.ts';
import { Ledger } from './ledger.ts';
import { RefusedRequest, retryAfterMs, send } from './sender.ts';

const event = (id: string, refusal: string | null = null) => ({
  id,
  body: { event_id: id },
  leavesAt: 0,
  late: false,
  refusal,
});
const delivery: Delivery = {
  events: [event('a'), event('b', 'wrong_type')],
  form: 'array',
  gzip: false,
  repeat: false,
};
const receipt = { accepted: 1, rejected: [{ index: 1, code: 'wrong_type' }] };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A collector that gives these answers, one a request, and keeps what it was sent. */
async function collector(...answers: readonly Answer[]) {
  const seen: { body: Buffer; headers: IncomingMessage['headers']; at: number }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answers[seen.length];
      seen.push({ body: Buffer.concat(chunks), headers: request.headers, at: Date.now() });
      if (answer === undefined) throw new Error('More requests than answers.');
      answer(request, response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { url: `http://127.0.0.1:${address.port}`, seen };
}

const accept: Answer = (_, response) => {
  response.end(JSON.stringify({ ...receipt, assigned: [] }));
};
const refuse =
  (status: number, headers: { readonly [name: string]: string } = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end('{}');
  };
const hangUp: Answer = (request) => {
  request.socket.destroy();
};
const signal = new AbortController().signal;

describe('the sender', () => {
  test('gives back the receipt', async () => {
    const { url, seen } = await collector(accept);
    expect(await send(delivery, { url, signal, writeKey: 'k' })).toEqual(receipt);
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer k',
    });
  });

  test('zips what is to be zipped', async () => {
    const { url, seen } = await collector(accept);
    await send({ ...delivery, gzip: true, form: 'ndjson' }, { url, signal });
    expect(seen[0]?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });
    expect(gunzipSync(seen[0]?.body ?? '').toString()).toBe('{"event_id":"a"}\n{"event_id":"b"}\n');
  });

  test('waits as long as it is asked to, and sends the same again', async () => {
    const { url, seen } = await collector(refuse(429, { 'retry-after': '1' }), refuse(503), accept);
    expect(await send(delivery, { url, signal })).toEqual(receipt);
    const [first, second, third] = seen;
    expect(second?.body).toEqual(first?.body);
    expect(third?.body).toEqual(first?.body);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('sends again when the answer is lost', async () => {
    const { url, seen } = await collector(hangUp, accept);
    expect(await send(delivery, { url, signal })).toEqual(receipt);
    expect(seen).toHaveLength(2);
  });

  test('gives up where sending again cannot help', async () => {
    const { url, seen } = await collector(refuse(401));
    await expect(send(delivery, { url, signal })).rejects.toBeInstanceOf(RefusedRequest);
    expect(seen).toHaveLength(1);
  });

  test('stops when told to, even while it waits', async () => {
    const stop = new AbortController();
    const { url } = await collector((_, response) => {
      response.writeHead(503, { 'retry-after': '600' }).end(() => stop.abort());
    });
    await expect(send(delivery, { url, signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test.each([
    [null, 0],
    ['', 0],
    ['soon', 0],
    ['0', 0],
    ['2', 2_000],
    ['999999', 600_000],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('Retry-After %s', (header, ms) => {
    expect(retryAfterMs(header, 1_000)).toBe(ms);
  });
});

describe('the ledger', () => {
  test('counts what was acknowledged', () => {
    const acknowledged: string[] = [];
    const ledger = new Ledger(({ id }) => acknowledged.push(id));
    expect(ledger.record(delivery, receipt)).toEqual([]);
    expect(ledger.record({ ...delivery, repeat: true }, receipt)).toEqual([]);
    expect(ledger.totals).toEqual({
      answered: 2,
      acknowledged: 2,
      refused: 2,
      repeated: 1,
      late: 0,
    });
    expect(acknowledged).toEqual(['a', 'a']);
  });

  test('tells of each answer that was not meant', () => {
    const ledger = new Ledger();
    const surprises = ledger.record(delivery, {
      accepted: 1,
      rejected: [{ index: 0, code: 'bad_timestamp' }],
    });
    expect(surprises).toEqual([
      'a was bad_timestamp, it should have been accepted',
      'b was accepted, it should have been wrong_type',
    ]);
    expect(ledger.record(delivery, { ...receipt, accepted: 2 })).toHaveLength(1);
  });
});
