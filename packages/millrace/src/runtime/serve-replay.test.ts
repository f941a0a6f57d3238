import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, definePipeline, event, rollup, string } from '../index.ts';
import type { VersionStatus } from '../rollups/version-status.ts';
import { answerError } from '../server/error-answer.ts';
import { createKeys } from '../server/keys.ts';
import { replayRoutes } from '../server/replay-routes.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { replayDesk } from './replay-desk.ts';

const shop = definePipeline({
  name: 'shop',
  events: { purchase: event({ currency: string() }) },
  rollups: [rollup('hourly', { from: 'purchase', every: 'hour', measures: { n: count() } })],
});

let folder: string;
let embedded: Embedded;
let server: FastifyInstance;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-serve-replay-'));
  embedded = await openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: 0,
    logSegmentBytes: 1024,
    onProblem: () => {},
  });
  server = fastify();
  server.setErrorHandler(answerError);
  await server.register(replayRoutes, {
    replays: replayDesk(embedded),
    requireRead: createKeys({ write: ['w'], read: ['r'] }).requireRead,
  });
});
afterEach(async () => {
  await server.close();
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(count: number, prefix: string): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({
    ...{ event_id: `${prefix}${i}`, type: 'purchase', properties: { currency: 'EUR' } },
  }));
  const { collector, eventLoader } = embedded;
  const body = Buffer.from(JSON.stringify(events));
  await collector.collect(nativeBatch(readJson(body, false, collector.limits)));
  await eventLoader.settled(embedded.events.end);
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly versions: readonly VersionStatus[];
}

async function ask(method: 'GET' | 'PUT' | 'DELETE', url: string, key = 'r'): Promise<Answer> {
  const headers = { authorization: `Bearer ${key}` };
  const { statusCode, body } = await server.inject({ method, url, headers });
  const { error, versions = [] } = JSON.parse(body);
  return { status: statusCode, code: error?.code, message: error?.message, versions };
}

const stages = (versions: readonly VersionStatus[]): string =>
  versions.map(({ version, state }) => `v${version} ${state}`).join(', ');

test('a replay is begun, gone back from and dropped', async () => {
  await send(10, 'a');
  const begun = await ask('PUT', '/v1/replays/hourly?from=log');
  expect(begun.status).toBe(200);
  expect(begun.versions.map(({ version, from }) => [version, from])).toEqual([
    [1, null],
    [2, 'log'],
  ]);
  await embedded.filler.ended();
  const now = await ask('GET', '/v1/replays');
  expect(stages(now.versions)).toBe('v1 kept, v2 ready');
  expect(now.versions[1]).toMatchObject({ events_to_fill: 10, events_filled: 10 });
  expect(stages((await ask('PUT', '/v1/replays/hourly/back')).versions)).toBe('v1 ready, v2 kept');
  expect((await ask('DELETE', '/v1/replays/hourly')).status).toBe(200);
  await embedded.filler.ended();
  expect(stages((await ask('GET', '/v1/replays')).versions)).toBe('v1 ready');
});

test.each([
  ['GET', '/v1/replays', 'w', 401, 'unauthorized', ''],
  ['PUT', '/v1/replays/hourly?from=log', 'w', 401, 'unauthorized', ''],
  ['PUT', '/v1/replays/hourly', 'r', 400, 'replay_invalid', 'from must be one of'],
  ['PUT', '/v1/replays/daily?from=log', 'r', 404, 'not_found', 'There is no rollup daily'],
  [
    'PUT',
    '/v1/replays/hourly?from=log&since=2026-05-01T12:34:00Z',
    'r',
    400,
    'replay_invalid',
    'the one that begins at 2026-05-01T12:00:00.000Z',
  ],
  [
    'PUT',
    '/v1/replays/hourly?from=log&since=2026-05-02&until=2026-05-01',
    'r',
    400,
    'replay_invalid',
    'There is nothing from',
  ],
  ['PUT', '/v1/replays/hourly?from=log&until=soon', 'r', 400, 'replay_invalid', 'ISO 8601'],
  ['PUT', '/v1/replays/hourly?from=archive', 'r', 409, 'history_incomplete', '--archive'],
  ['PUT', '/v1/replays/hourly/back', 'r', 409, 'replay_conflict', 'No other version'],
  ['DELETE', '/v1/replays/hourly', 'r', 409, 'replay_conflict', 'No other version'],
] as const)('%s %s with key %s is refused: %i %s', async (method, url, key, status, code, says) => {
  const answer = await ask(method, url, key);
  expect(answer).toMatchObject({ status, code, message: expect.stringContaining(says) });
});

test('the log is refused once it has forgotten something', async () => {
  await send(50, 'a');
  await send(50, 'b');
  await expect.poll(() => embedded.events.start).toBeGreaterThan(0);
  expect(await ask('PUT', '/v1/replays/hourly?from=log')).toMatchObject({
    status: 409,
    code: 'history_incomplete',
  });
});
