import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewPaths } from '../server/dashboard/dashboard-routes.ts';
import { serveForTest } from './serve.suite.ts';
import type { Running } from './serve-embedded.ts';

const shop = fileURLToPath(
  new URL('../../../../examples/shop/millrace.config.ts', import.meta.url),
);

interface Registered {
  readonly method: string;
  readonly url: string;
  readonly unlisted: boolean;
}

let folder: string;
let running: Running;
const registered: Registered[] = [];

/** Fastify tells of each server that is made; this one gets a list of its own of what is registered. */
const listen = (message: unknown): void => {
  if (!isMade(message)) return;
  message.fastify.addHook('onRoute', ({ method, url, config }) => {
    const unlisted = config?.operation !== undefined && 'unlisted' in config.operation;
    for (const one of [method].flat()) registered.push({ method: one, url, unlisted });
  });
};

const isMade = (message: unknown): message is { readonly fastify: FastifyInstance } =>
  typeof message === 'object' && message !== null && 'fastify' in message;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-openapi-'));
  subscribe('fastify.initialization', listen);
  running = await serveForTest({ pipeline: shop, data: join(folder, 'data'), writeKeys: ['w'] });
});
afterAll(async () => {
  unsubscribe('fastify.initialization', listen);
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Described {
  readonly security: readonly object[];
  readonly responses: object;
}
interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Described } };
}

async function document(): Promise<Document> {
  const response = await fetch(`${running.url}/openapi.json`, {
    headers: { authorization: 'Bearer r' },
  });
  expect(response.status).toBe(200);
  const body: Document = JSON.parse(await response.text());
  return body;
}

const operations = ({ paths }: Document): readonly string[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

test('the document has every route that is registered, and no other', async () => {
  const listed = registered.filter(({ method, unlisted }) => method !== 'HEAD' && !unlisted);
  const routes = listed.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  expect(routes.length).toBeGreaterThan(20);
  expect([...operations(await document())].sort()).toEqual(routes.sort());
});

test('what is unlisted is known', () => {
  const unlisted = registered.filter((one) => one.unlisted && one.method !== 'HEAD');
  const kinds = unlisted.map(({ method, url }) =>
    method === 'OPTIONS' ? 'OPTIONS' : url.startsWith('/dashboard/') ? '/dashboard/' : url,
  );
  const ofBrowserSdks = [
    ...['/v1/t', '/v1/p', '/v1/s', '/v1/i', '/v1/g', '/v1/a', '/v1/b', '/beacon/v1/batch'],
    ...['/v1/projects/:writeKey/settings', '/sourceConfig', '/sourceConfig/'],
  ];
  expect([...new Set(kinds)].sort()).toEqual(
    [...viewPaths, '/millrace.js', '/dashboard/', '/sql/', 'OPTIONS', ...ofBrowserSdks].sort(),
  );
});

test.each([['Bearer w'], [undefined]])('it is not for %s', async (authorization) => {
  const response = await fetch(`${running.url}/openapi.json`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  expect(response.status).toBe(401);
  expect(await response.text()).not.toContain('purchase');
});

test('each operation says which keys open it', async () => {
  const open: string[] = [];
  for (const [path, methods] of Object.entries((await document()).paths)) {
    for (const { security, responses } of Object.values(methods)) {
      if (security.length === 0) open.push(path);
      else expect(responses, path).toHaveProperty('401');
    }
  }
  expect(open.sort()).toEqual(['/healthz', '/readyz', '/sql/ping', '/sql/replicas_status']);
});
