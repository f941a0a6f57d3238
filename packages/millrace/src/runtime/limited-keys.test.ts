import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from './serve.suite.ts';
import type { Running } from './serve-embedded.ts';

const millrace = fileURLToPath(new URL('../index.ts', import.meta.url));
const tables = ['events', 'dead_letters', 'sums', 'other_sums', 'by_minute'] as const;
type Table = (typeof tables)[number];

let folder: string;
let running: Running;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-limited-'));
  const pipeline = join(folder, 'millrace.config.ts');
  writeFileSync(
    pipeline,
    `import { count, definePipeline, event, rollup, string, sum, int32, window } from '${millrace}';
    export default definePipeline({
      name: 'limited',
      events: { view: event({ page: string(), ms: int32() }), sale: event({ ms: int32() }) },
      rollups: [
        rollup('sums', { from: 'view', every: 'minute', measures: { views: count() } }),
        rollup('other_sums', { from: 'view', every: 'hour', measures: { ms: sum('ms') } }),
      ],
      windows: [
        window('by_minute', { from: 'view', tumbling: '1m', measures: { views: count() } }),
      ],
    });`,
  );
  running = await serveForTest({
    ...{ pipeline, data: join(folder, 'data'), writeKeys: ['w'] },
    readKeys: ['r', ...tables.map((table) => `of-${table}:tables=${table}`)],
  });
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  /** Empty for a stream. */
  readonly text: string;
}

async function ask(path: string, key: string, init: RequestInit = {}): Promise<Answer> {
  const over = new AbortController();
  const response = await fetch(running.url + path, {
    ...init,
    headers: { authorization: `Bearer ${key}` },
    signal: over.signal,
  });
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const text = isStream ? '' : await response.text();
  over.abort();
  return { status: response.status, text };
}

const question = (body: object): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const views = { from: 'view', every: 'hour', measures: { views: { kind: 'count' } } };

/** Of each route that some limited key opens, which keys do. What is not here is closed to all of them. */
const openTo: { readonly [route: string]: readonly Table[] } = {
  // These look at the statement, or the question.
  'GET /sql': tables,
  'POST /sql': tables,
  'POST /v1/query': tables,
  'GET /v1/live': ['events'],
  'GET /v1/events': ['events'],
  'GET /v1/dead-letters': ['dead_letters'],
  'GET /v1/dead-letters/{partition}/{offset}': ['dead_letters'],
  'GET /v1/windows/{name}/stream': ['by_minute'],
};

test('each route is closed to a key whose tables it is not about', async () => {
  const document: {
    paths: Record<string, Record<string, { readonly security: readonly object[] }>>;
  } = JSON.parse((await ask('/openapi.json', 'r')).text);
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security.some((scheme) => 'ReadKey' in scheme))
      .map(([method]) => ({ method: method.toUpperCase(), path })),
  );
  expect(routes.length).toBeGreaterThan(20);
  const open: Record<string, Table[]> = {};
  for (const { method, path } of routes) {
    const url = path.replace('{name}', 'by_minute').replace(/\{\w+\}/g, '0');
    const search = path === '/v1/events' ? '?by=user_id&value=u' : '';
    for (const table of tables) {
      const { status, text } = await ask(url + search, `of-${table}`, { method });
      if (status !== 403) open[`${method} ${path}`] = [...(open[`${method} ${path}`] ?? []), table];
      else expect(JSON.parse(text).error.code, path).toBe('read_key_limited');
    }
  }
  expect(open).toEqual(openTo);
});

test('the answer says which table it would take', async () => {
  const letters = await ask('/v1/dead-letters', 'of-sums');
  expect(JSON.parse(letters.text).error).toMatchObject({
    code: 'read_key_limited',
    message: 'This read key may ask sums alone, not dead_letters.',
  });
  const stream = await ask('/v1/windows/nothing/stream', 'of-sums');
  expect(stream).toMatchObject({ status: 404, text: expect.not.stringContaining('by_minute') });
});

test('a question is answered by a table that the key lists, or by none', async () => {
  const servedBy = async (key: string, body: object): Promise<string> => {
    const { text } = await ask('/v1/query', key, question(body));
    const { error, served_by } = JSON.parse(text);
    return error === undefined ? served_by : error.code;
  };
  expect(await servedBy('r', views)).toBe('sums');
  expect(await servedBy('of-sums', views)).toBe('sums');
  expect(await servedBy('of-events', views)).toBe('events');
  expect(await servedBy('of-other_sums', views)).toBe('read_key_limited');
  expect(await servedBy('of-sums', { ...views, from: 'sale' })).toBe('read_key_limited');
  expect(await servedBy('of-sums', { kind: 'live', from: 'view' })).toBe('read_key_limited');
});

test('an event is found without the rollups that the key does not list', async () => {
  const response = await fetch(`${running.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer w', 'content-type': 'application/json' },
    body: JSON.stringify({ event_id: 'e', type: 'view', properties: { page: '/', ms: 1 } }),
  });
  expect(response.status).toBe(200);
  const rollupsOf = async (key: string): Promise<readonly string[] | undefined> => {
    const { text } = await ask('/v1/events?by=event_id&value=e', key);
    const { events }: { events: { rollups: { rollup: string }[] }[] } = JSON.parse(text);
    return events[0]?.rollups.map(({ rollup }) => rollup);
  };
  await expect.poll(() => rollupsOf('r')).toEqual(['sums', 'other_sums']);
  expect(await rollupsOf('of-events')).toEqual([]);
});

test('the dashboard is told of what the key may ask', async () => {
  const described = async (key: string) => {
    const { text } = await ask('/dashboard/pipeline.json', key);
    const { tables, events, rollups, windows } = JSON.parse(text);
    const names = [...rollups, ...windows].map(({ name }: { name: string }) => name);
    return [tables, events.map(({ type }: { type: string }) => type), names];
  };
  expect(await described('r')).toEqual([
    null,
    ['view', 'sale'],
    ['sums', 'other_sums', 'by_minute'],
  ]);
  expect(await described('of-sums')).toEqual([['sums'], ['view'], ['sums']]);
  expect(await described('of-events')).toEqual([['events'], ['view', 'sale'], []]);
  expect(await described('of-dead_letters')).toEqual([['dead_letters'], [], []]);
});

test('a key that lists what there is not stops the start, and the folder is free again', async () => {
  await running.close();
  const settings = {
    pipeline: join(folder, 'millrace.config.ts'),
    data: join(folder, 'data'),
    writeKeys: ['w'],
  };
  await expect(
    serveForTest({ ...settings, readKeys: ['k:tables=events+summs'] }),
  ).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/^A read key lists the table summs, .*sums/),
  });
  running = await serveForTest(settings);
});
