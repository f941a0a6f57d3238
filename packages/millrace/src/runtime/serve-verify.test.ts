import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { count, definePipeline, event, rollup, string } from '../index.ts';
import { answerError } from '../server/error-answer.ts';
import { createKeys } from '../server/keys.ts';
import { answerSchemas } from '../server/openapi/answer-schemas.ts';
import { verifyRoutes } from '../server/verify-routes.ts';
import { askVerify } from './ask-verify.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { verifying } from './verifying.ts';

const shop = definePipeline({
  name: 'shop',
  events: { purchase: event({ currency: string() }) },
  rollups: [
    rollup('hourly', {
      from: 'purchase',
      every: 'hour',
      by: ['currency'],
      measures: { n: count() },
    }),
  ],
});

/** Machines may be busy. */
const patient = { timeout: 60_000 };

let folder: string;
let embedded: Embedded;
let server: FastifyInstance;
let url: URL;
/** Each comparison that was begun: what stops it, and how it ends. */
let begun: { readonly signal: AbortSignal; readonly end: Promise<unknown> }[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-serve-verify-'));
  embedded = await openEmbedded({
    pipeline: shop,
    folder,
    dedupMemoryBytesMax: 16 * 1024 * 1024,
    storeMemoryBytesMax: 1024 ** 3,
    logRetentionMs: null,
    logSegmentBytes: 1024 * 1024,
    onProblem: () => {},
  });
  const body = Buffer.from(
    JSON.stringify(
      Array.from({ length: 100 }, (_, i) => ({
        event_id: `e${i}`,
        type: 'purchase',
        properties: { currency: `c${i % 3}` },
      })),
    ),
  );
  await embedded.collector.collect(nativeBatch(readJson(body, false, embedded.collector.limits)));
  await embedded.eventLoader.settled(embedded.events.end);
  begun = [];
  const verify = verifying(embedded);
  const keys = createKeys({ write: ['w'], read: ['r'] });
  server = fastify({ forceCloseConnections: 'idle' });
  server.setErrorHandler(answerError);
  await server.register(verifyRoutes, {
    verify: (onProgress, signal) => {
      const comparing = verify(onProgress, signal);
      begun.push({ signal, end: comparing.catch((error: unknown) => error) });
      return comparing;
    },
    requireRead: keys.requireRead,
  });
  url = new URL('/v1/verify', await server.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(async () => {
  await server.close();
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (signal?: AbortSignal, key = 'r') =>
  fetch(url, { headers: { authorization: `Bearer ${key}` }, ...(signal ? { signal } : {}) });
const askAs = (key: string) =>
  askVerify(url, { key, signal: new AbortController().signal, onProgress: () => {} });

/** Keeps comparisons from going on at their first rollup, until it is let go. */
function hold(): { readonly letGo: () => void } {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  void embedded.eventLoader.between(() => held);
  return { letGo };
}
const databases = async (): Promise<string> =>
  Buffer.from((await embedded.store.read('SHOW DATABASES', { format: 'TSV' })).bytes).toString();

test('each line is what the reference says, whether equal or not', async () => {
  const checker = fastify({
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, strict: false } },
  });
  const body = { ...answerSchemas.VerifyLine, components: { schemas: answerSchemas } };
  checker.post('/', { schema: { body } }, async () => 'it is');
  const check = async (line: string) => {
    const answer = await checker.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/json' },
      payload: line,
    });
    return answer.body;
  };
  const lines = async () => (await (await ask()).text()).trim().split('\n');
  const equal = await lines();
  expect(equal.length).toBeGreaterThan(2);
  for (const line of equal) expect([line, await check(line)]).toEqual([line, 'it is']);
  await embedded.store.define(
    "ALTER TABLE events DELETE WHERE event_id = 'e7' SETTINGS mutations_sync = 2",
  );
  const different = await lines();
  for (const line of different) expect([line, await check(line)]).toEqual([line, 'it is']);
  expect(JSON.parse(different.at(-1) ?? '')).toMatchObject({
    report: { equal: false, differing: 1, rollups: [{ differing: 1 }] },
  });
  // What would not fit is seen.
  expect(await check((different.at(-1) ?? '').replace('"elapsed_ms"', '"elapsed"'))).not.toBe(
    'it is',
  );
});

test('it is not for who has no read key', async () => {
  expect((await ask(undefined, 'w')).status).toBe(401);
  await expect(askAs('w')).rejects.toMatchObject({ code: 'unauthorized' });
  expect(begun).toEqual([]);
});

test('one runs at a time', async () => {
  const { letGo } = hold();
  const first = await ask();
  const second = await ask();
  expect(second.status).toBe(503);
  expect(second.headers.get('retry-after')).toBe('1');
  await expect(askAs('r')).rejects.toMatchObject({ code: 'overloaded' });
  letGo();
  expect(await first.text()).toContain('"equal":true');
  expect(await askAs('r')).toMatchObject({ equal: true });
});

test('who leaves in the middle ends it, and it leaves nothing behind', async () => {
  const { letGo } = hold();
  const leaving = new AbortController();
  const answer = await ask(leaving.signal);
  expect(answer.status).toBe(200);
  await vi.waitFor(async () => expect(await databases()).toContain('millrace_verify'), patient);
  leaving.abort();
  await vi.waitFor(() => expect(begun[0]?.signal.aborted).toBe(true), patient);
  letGo();
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), patient);
  expect(await begun[0]?.end).toBeInstanceOf(Error);
  expect(await begun.at(-1)?.end).toMatchObject({ equal: true });
  expect(await databases()).not.toContain('millrace_verify');
});

test('the end of the process does not wait for it', async () => {
  const { letGo } = hold();
  const answer = await ask();
  await vi.waitFor(async () => expect(await databases()).toContain('millrace_verify'), patient);
  const closing = server.close();
  await vi.waitFor(() => expect(begun[0]?.signal.aborted).toBe(true), patient);
  letGo();
  expect((await answer.text()).trim().split('\n').at(-1)).toBe(
    '{"error":{"message":"This process is ending."}}',
  );
  await closing;
});
