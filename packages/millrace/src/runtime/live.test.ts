import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastify from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventStream, type StreamEvent } from '../../../../tests/support/event-stream.ts';
import type { LiveNumbers } from '../observe/live.ts';
import type { Storage } from '../observe/storage.ts';
import { answerSchemas } from '../server/openapi/answer-schemas.ts';
import { serveForTest } from './serve.suite.ts';
import type { Running } from './serve-embedded.ts';

const pipeline = fileURLToPath(
  new URL('../../../../tests/support/ledger.config.ts', import.meta.url),
);
/** Machines may be busy. */
const patient = { timeout: 60_000 };

let folder: string;
let running: Running;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-live-'));
  running = await serveForTest({ pipeline, data: join(folder, 'data'), writeKeys: [] });
});
afterEach(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

const key = { authorization: 'Bearer r' };
const listen = (): Promise<EventStream> =>
  EventStream.open(`${running.url}/v1/live`, undefined, key);

async function send(...events: readonly object[]): Promise<void> {
  const response = await fetch(`${running.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(response.status).toBe(200);
}

const view = (event_id: string, timestamp = Date.now()) => ({
  event_id,
  type: 'view',
  timestamp,
  properties: { product_id: event_id, price: '1.50' },
});

interface Newest {
  readonly end: number;
  readonly events: readonly {
    readonly offset: number;
    readonly event: { readonly event_id: string; readonly properties: object };
  }[];
}

/** What a listener is told until it has seen all events up to `end`, and numbers such as these. */
async function told(stream: EventStream, end: number, until: Partial<LiveNumbers>) {
  const data: StreamEvent[] = [];
  const newest: Newest[] = [];
  let numbers: Partial<LiveNumbers> = {};
  const isThere = (): boolean =>
    newest.at(-1)?.end === end &&
    JSON.stringify({ ...numbers, ...until }) === JSON.stringify(numbers);
  while (!isThere()) {
    const message = await stream.next();
    data.push(message);
    if (message.event === 'events') newest.push(JSON.parse(message.data));
    else numbers = JSON.parse(message.data);
  }
  return { numbers, newest, data };
}

test('numbers move, and events come once, those that came before first', async () => {
  await send(view('a'), view('b'));
  const stream = await listen();
  const before = await told(stream, 2, { stored: 2 });
  expect(before.newest).toMatchObject([
    {
      end: 2,
      events: [
        { offset: 0, event: { event_id: 'a', properties: { product_id: 'a', price: '1.50' } } },
        { offset: 1, event: { event_id: 'b' } },
      ],
    },
  ]);
  await send(view('a'), view('late', Date.now() - 60_000), { type: 'nothing' }, view('c'));
  const after = await told(stream, 4, { stored: 4, late: 1, dead_letters: 1 });
  expect(after.numbers).toMatchObject({ accepted: 5, stored: 4, duplicates: 1, problem: null });
  expect(after.newest.flatMap(({ events }) => events.map(({ offset }) => offset))).toEqual([2, 3]);

  // What the listener is told is what the document says.
  const checker = fastify({
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, strict: false } },
  });
  for (const [name, schema] of Object.entries({
    numbers: answerSchemas.LiveNumbers,
    events: answerSchemas.LiveEvents,
  })) {
    checker.post(`/${name}`, { schema: { body: schema } }, async () => 'it is');
  }
  for (const { event, data } of [...before.data, ...after.data]) {
    const headers = { 'content-type': 'application/json' };
    const answer = await checker.inject({
      ...{ method: 'POST', url: `/${event}`, headers, payload: data },
    });
    expect([data, answer.body]).toEqual([data, 'it is']);
  }
  stream.close();
});

test('of many events a listener gets the newest', async () => {
  await send(...Array.from({ length: 50 }, (_, i) => view(`e${i}`)));
  const stream = await listen();
  const { newest } = await told(stream, 50, { stored: 50 });
  expect(newest.map(({ end, events }) => [end, events.length, events.at(-1)?.offset])).toEqual([
    [50, 20, 49],
  ]);
  stream.close();
});

test('it is for so many listeners that have a key, and who leaves makes room', async () => {
  expect((await fetch(`${running.url}/v1/live`)).status).toBe(401);
  const streams = await Promise.all(Array.from({ length: 32 }, listen));
  const refused = await fetch(`${running.url}/v1/live`, { headers: key });
  expect([refused.status, await refused.json()]).toMatchObject([
    503,
    { error: { code: 'overloaded' } },
  ]);
  streams[0]?.close();
  await expect
    .poll(async () => {
      const leaving = new AbortController();
      const { status } = await fetch(`${running.url}/v1/live`, {
        headers: key,
        signal: leaving.signal,
      });
      leaving.abort();
      return status;
    }, patient)
    .toBe(200);
  // The end of the process waits for none of those that still listen.
});

test('storage has each table that has rows', async () => {
  await send(view('a'), view('b'), { type: 'nothing' });
  const storage = async (): Promise<Storage> => {
    const response = await fetch(`${running.url}/v1/storage`, { headers: key });
    expect(response.status).toBe(200);
    const body: Storage = JSON.parse(await response.text());
    return body;
  };
  const rows = async () =>
    (await storage()).tables.map(({ name, of, rows }) => `${name} ${of} ${rows}`).sort();
  await expect
    .poll(rows, patient)
    .toEqual(
      expect.arrayContaining([
        'by_minute__v1 rollup 2',
        'dead_letters dead_letters 1',
        'events events 2',
      ]),
    );
  for (const { bytes, uncompressed_bytes, parts } of (await storage()).tables) {
    expect(Math.min(bytes, uncompressed_bytes, parts)).toBeGreaterThan(0);
  }
  expect((await fetch(`${running.url}/v1/storage`)).status).toBe(401);
});
