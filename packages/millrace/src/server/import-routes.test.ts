import fastify from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { defaultCollectLimits } from '../collect/limits.ts';
import { LongNumber } from '../collect/numbers.ts';
import { openAdmission } from '../collect/open-admission.suite.ts';
import { Refusal } from '../collect/refusals.ts';
import { httpTarget } from '../import/http-target.ts';
import { inFolder, linesOf, openShop } from '../import/shop-import.suite.ts';
import type { ImportChunk, ImportTarget } from '../import/target.ts';
import { importRoutes } from './import-routes.ts';
import { createKeys } from './keys.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(target: ImportTarget, read: readonly string[] = []): Promise<string> {
  const server = fastify();
  const keys = createKeys({ write: ['w'], read });
  await server.register(importRoutes, {
    target,
    admission: openAdmission(),
    limits: defaultCollectLimits,
    requireRead: keys.requireRead,
  });
  closers.push(() => server.close());
  return server.listen({ host: '127.0.0.1', port: 0 });
}

const key = { file: 'a'.repeat(32), mapping: 'b'.repeat(16) };
const visit = (id: string) => ({ event_id: id, type: 'visit', timestamp: 1 });
const chunk = (from: number, to: number, events: ImportChunk['events']): ImportChunk => ({
  key,
  from,
  to,
  events,
  raw: (index) => `row "${index}"\n`,
});

it('does over HTTP what the target does here', async () => {
  await inFolder(async (folder) => {
    const shop = await openShop(folder);
    closers.push(() => shop.close());
    const target = httpTarget(await serve(shop.target), undefined);
    expect(await target.imports(key.file)).toEqual([]);
    const first = chunk(0, 4, [visit('1'), new Refusal('bad_timestamp', 'no time'), visit('1')]);
    expect(await target.append(first)).toMatchObject({
      accepted: 2,
      duplicates: 1,
      rejected: [{ index: 1, code: 'bad_timestamp', message: 'no time' }],
    });
    // The answer got lost and it is sent again.
    expect(await target.append(first)).toEqual({ accepted: 0, duplicates: 0, rejected: [] });
    expect(await target.imports(key.file)).toEqual([
      { mapping: key.mapping, position: 4, finished: false },
    ]);
    await expect(target.append(chunk(5, 6, [visit('2')]))).rejects.toMatchObject({
      code: 'import_conflict',
    });
    await expect(target.finish(key, 5)).rejects.toMatchObject({ code: 'import_conflict' });
    expect(await target.append(chunk(4, 5, []))).toMatchObject({ accepted: 0 });
    await target.settle();
    await target.finish(key, 5);
    expect(await target.imports(key.file)).toEqual([
      { mapping: key.mapping, position: 5, finished: true },
    ]);
    expect(await linesOf(shop.events)).toHaveLength(1);
    const [dead = '{}'] = await linesOf(shop.deadLetters);
    const { raw_base64, protocol } = JSON.parse(dead);
    expect([protocol, Buffer.from(raw_base64, 'base64').toString()]).toEqual([
      'import',
      'row "1"\n',
    ]);
  });
});

it('carries numbers with all their digits', async () => {
  const given: ImportChunk[] = [];
  const target: ImportTarget = {
    imports: async () => [],
    append: async (chunk) => {
      given.push(chunk);
      return { accepted: 0, duplicates: 0, rejected: [] };
    },
    finish: async () => {},
    settle: async () => {},
  };
  const events = [{ a: 9007199254740993n, b: [new LongNumber('1234567890123456.78')], c: 1.5 }];
  await httpTarget(await serve(target), undefined).append(chunk(0, 1, events));
  expect(given[0]?.events).toEqual(events);
});

it('needs a read key where there are keys', async () => {
  await inFolder(async (folder) => {
    const shop = await openShop(folder);
    closers.push(() => shop.close());
    const url = await serve(shop.target, ['r']);
    for (const wrong of [undefined, 'w', 'x']) {
      const target = httpTarget(url, wrong);
      await expect(target.imports(key.file)).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(target.append(chunk(0, 1, []))).rejects.toMatchObject({ code: 'unauthorized' });
    }
    expect(await httpTarget(url, 'r').imports(key.file)).toEqual([]);
  });
});

it.each([
  ['GET', `/v1/imports/..%2f`, '', 400],
  ['PUT', `/v1/imports/${key.file}/${key.mapping}?from=1&to=1`, '', 400],
  ['PUT', `/v1/imports/${key.file}/${key.mapping}?from=0&to=1e3`, '', 400],
  ['PUT', `/v1/imports/${key.file}/${key.mapping}?from=0&to=1`, '{"raw":"x"}', 400],
  ['PUT', `/v1/imports/${key.file}/${key.mapping}?from=0&to=1`, '{', 400],
  ['PUT', `/v1/imports/${key.file}/${key.mapping}/all?rows=-1`, '', 400],
])('answers %s %s with a reason', async (method, path, body, status) => {
  await inFolder(async (folder) => {
    const shop = await openShop(folder);
    closers.push(() => shop.close());
    const response = await fetch((await serve(shop.target)) + path, {
      method,
      ...(method === 'PUT' ? { body, headers: { 'content-type': 'application/x-ndjson' } } : {}),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_body' } });
    expect(shop.events.marks().size).toBe(0);
  });
});
