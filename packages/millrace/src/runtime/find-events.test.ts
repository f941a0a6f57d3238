import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { soughtEventsSelect } from '../compile/clickhouse/sought-events.ts';
import { count, decimal, definePipeline, event, int64, rollup, string, sum } from '../index.ts';
import { createLimiter } from '../limiter.ts';
import { createFinding, type FoundEvents } from '../query/find-events.ts';
import { answerError } from '../server/error-answer.ts';
import { eventLookupRoutes } from '../server/event-lookup-routes.ts';
import { createKeys } from '../server/keys.ts';
import { database } from './database.ts';
import { type Embedded, openEmbedded } from './embedded.ts';

const nowMs = Date.UTC(2026, 4, 1, 12, 0, 30);

const shop = definePipeline({
  name: 'shop',
  lateness: '10s',
  keep: '36500d',
  events: {
    purchase: event({ value: decimal(18, 2), currency: string(), points: int64() }),
    view: event({ path: string() }),
  },
  rollups: [
    rollup('revenue', {
      from: 'purchase',
      every: 'minute',
      by: ['currency'],
      where: { value: { gt: '1.00' } },
      measures: { value: sum('value') },
      keep: '30d',
    }),
    rollup('all', { from: ['purchase', 'view'], every: 'day', measures: { n: count() } }),
  ],
});

let folder: string;
let embedded: Embedded;
let server: FastifyInstance;
let rowsReadMax = 1_000_000;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-find-events-'));
  embedded = await openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1024 * 1024,
    clock: { now: () => nowMs },
    onProblem: () => {},
  });
  const { plan, store, clock, eventLoader } = embedded;
  server = fastify();
  server.setErrorHandler(answerError);
  await server.register(eventLookupRoutes, {
    find: (sought, reader, signal) =>
      createFinding({
        ...{ plan, store, clock, rowsReadMax },
        rollups: () => plan.rollups,
        asOfMs: () => clock.now() - eventLoader.lagMs,
        statement: (asked, of) => soughtEventsSelect(asked, of, { database }),
        settings: {},
        line: createLimiter({ atOnceMax: 4 }),
      })(sought, reader, signal),
    readerOf: createKeys({ write: ['w'], read: ['r'] }).readerOf,
  });
});
afterAll(async () => {
  await server.close();
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves once they are stored. */
async function send(...events: readonly object[]): Promise<void> {
  const { collector, eventLoader, events: log } = embedded;
  const body = Buffer.from(JSON.stringify(events));
  const receipt = await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  expect(receipt.rejected).toEqual([]);
  await eventLoader.settled(log.end);
}

const ask = (query: Record<string, string>, key = 'r') =>
  server.inject({ url: '/v1/events', query, headers: { authorization: `Bearer ${key}` } });

async function found(query: Record<string, string>): Promise<FoundEvents> {
  const answer = await ask(query);
  expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()]);
  return answer.json<FoundEvents>();
}

const view = (event_id: string, ageMs: number, of: object = {}) => ({
  event_id,
  type: 'view',
  timestamp: nowMs - ageMs,
  ...of,
  properties: { path: '/' },
});

test('an event is found by its id, with its record and the rows that count it', async () => {
  await send(view('before', 0), {
    event_id: "it's",
    type: 'purchase',
    timestamp: nowMs - 90_000,
    user_id: 'ann',
    session_id: 's1',
    properties: {
      value: '12.50',
      currency: 'EUR',
      points: '9007199254740993',
      'a.b': { c: [1, null] },
    },
    context: { page: { path: '/till' } },
  });
  expect(await found({ by: 'event_id', value: "it's" })).toEqual({
    as_of: '2026-05-01T12:00:30.000Z',
    kept_since: new Date(nowMs - 36_500 * 86_400_000).toISOString(),
    events: [
      {
        event_id: "it's",
        type: 'purchase',
        timestamp: '2026-05-01T11:59:00.000Z',
        received_at: '2026-05-01T12:00:30.000Z',
        appended_at: '2026-05-01T12:00:30.000Z',
        late: true,
        user_id: 'ann',
        anonymous_id: null,
        session_id: 's1',
        properties: {
          value: '12.50',
          currency: 'EUR',
          points: '9007199254740993',
          'a.b': { c: ['1', null] },
        },
        context: { page: { path: '/till' } },
        partition: 0,
        offset: 1,
        rollups: [
          {
            rollup: 'revenue',
            version: 1,
            bucket: '2026-05-01T11:59:00Z',
            dimensions: { currency: 'EUR' },
            kept_until: '2026-05-31T11:59:00.000Z',
          },
          {
            rollup: 'all',
            version: 1,
            bucket: '2026-05-01T00:00:00Z',
            dimensions: {},
            kept_until: null,
          },
        ],
      },
    ],
    next: null,
  });
  // One that the condition of a rollup leaves out is not in it.
  await send({
    event_id: 'cheap',
    type: 'purchase',
    properties: { value: '1.00', currency: 'EUR', points: '1' },
  });
  const { events } = await found({ by: 'event_id', value: 'cheap' });
  expect(events).toMatchObject([{ late: false, rollups: [{ rollup: 'all' }] }]);
});

test('whose they are finds them page by page, the newest first, and no other', async () => {
  // Several at one time, so that only their places tell them apart.
  const ages = [0, 5_000, 5_000, 5_000, 2_000, 9_000, 1_000];
  await send(
    ...ages.map((ageMs, i) => view(`e${i}`, ageMs, { user_id: 'bob', anonymous_id: `a${i}` })),
    view('other', 0, { user_id: 'bob ' }),
    view('nobody', 0),
  );
  const ids: string[] = [];
  const pages: number[] = [];
  let before: string | null = null;
  do {
    const page: FoundEvents = await found({
      ...{ by: 'user_id', value: 'bob', limit: '2' },
      ...(before === null ? {} : { before }),
    });
    pages.push(page.events.length);
    ids.push(...page.events.map(({ event_id }) => event_id));
    before = page.next;
  } while (before !== null);
  expect(pages).toEqual([2, 2, 2, 1]);
  expect(ids).toEqual(['e0', 'e6', 'e4', 'e3', 'e2', 'e1', 'e5']);
  const { events } = await found({ by: 'anonymous_id', value: 'a5' });
  expect(events.map(({ event_id }) => event_id)).toEqual(['e5']);
  expect(await found({ by: 'session_id', value: 'a5' })).toMatchObject({ events: [], next: null });
});

test('what cannot be sought is refused', async () => {
  const queries: readonly Record<string, string>[] = [
    {},
    { by: 'user_id' },
    { by: 'type', value: 'view' },
    { by: 'user_id', value: 'a\0' },
    { by: 'user_id', value: 'a', limit: '0' },
    { by: 'user_id', value: 'a', limit: '101' },
    { by: 'user_id', value: 'a', before: '1-2' },
  ];
  for (const query of queries) {
    const answer = await ask(query);
    expect([query, answer.statusCode, answer.json()]).toMatchObject([
      query,
      400,
      { error: { code: 'invalid_body' } },
    ]);
  }
});

test('it is not for who has no read key, and costs no more than a question may', async () => {
  expect((await ask({ by: 'user_id', value: 'ann' }, 'w')).statusCode).toBe(401);
  await send(...Array.from({ length: 20 }, (_, i) => view(`s${i}`, i, { session_id: `s${i}` })));
  rowsReadMax = 10;
  const answer = await ask({ by: 'session_id', value: 's19' });
  expect([answer.statusCode, answer.json()]).toMatchObject([
    422,
    { error: { code: 'question_too_costly' } },
  ]);
});
