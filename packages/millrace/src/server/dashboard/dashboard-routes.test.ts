import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event } from '../../define/event.ts';
import { count, sum } from '../../define/measure.ts';
import { definePipeline } from '../../define/pipeline.ts';
import { array, decimal, object, oneOf, optional, string } from '../../define/property.ts';
import { rollup } from '../../define/rollup.ts';
import { window } from '../../define/window.ts';
import { exampleEvent } from '../../plan/example-event.ts';
import { planOf } from '../../plan/plan-of.ts';
import { answerError } from '../error-answer.ts';
import { createKeys } from '../keys.ts';
import { dashboardRoutes, viewPaths } from './dashboard-routes.ts';

const plan = planOf(
  definePipeline({
    name: 'till',
    events: {
      sale: event({
        value: decimal(18, 2),
        shop: string(),
        address: optional(object({ city: optional(string()), lines: array(string()) })),
        paid: oneOf('cash', 'card'),
      }),
    },
    windows: [
      window('busy_shops', {
        from: 'sale',
        tumbling: '1m',
        by: ['shop'],
        measures: { sales: count() },
      }),
    ],
    rollups: [
      rollup('sales_per_day', {
        from: 'sale',
        every: 'day',
        by: ['shop'],
        measures: { sales: count(), revenue: sum('value') },
      }),
    ],
  }),
);

describe('the dashboard', () => {
  let app: FastifyInstance;
  beforeEach(async () => {
    const keys = createKeys({ write: ['w'], read: ['r'] });
    app = fastify();
    app.setErrorHandler(answerError);
    await app.register(dashboardRoutes, {
      plan: () => plan,
      example: exampleEvent(plan),
      readerOf: keys.readerOf,
    });
  });
  afterEach(() => app.close());

  /** What the page names. */
  const assets = async (): Promise<readonly string[]> =>
    [...(await app.inject('/')).body.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(
      ([, url]) => String(url),
    );

  test('is the same page at the address of each view', async () => {
    const { body } = await app.inject('/');
    for (const url of viewPaths) {
      const answer = await app.inject(url);
      expect(answer.statusCode, url).toBe(200);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.body).toBe(body);
    }
  });

  test('loads from here alone, packed in under 300 kB', async () => {
    const urls = ['/', ...(await assets())];
    expect(urls.length).toBe(4);
    for (const encoding of ['br', 'gzip'] as const) {
      let bytes = 0;
      for (const url of urls) {
        const answer = await app.inject({ url, headers: { 'accept-encoding': encoding } });
        expect(answer.statusCode, url).toBe(200);
        expect(answer.headers['content-encoding']).toBe(encoding);
        expect(answer.headers.vary).toBe('Accept-Encoding');
        bytes += answer.rawPayload.length;
        const unpack = encoding === 'br' ? brotliDecompressSync : gunzipSync;
        expect(unpack(answer.rawPayload).equals((await app.inject(url)).rawPayload)).toBe(true);
      }
      expect(bytes).toBeLessThan(300_000);
    }
  });

  test('names its files by their content, so that they can be kept for ever', async () => {
    for (const url of await assets()) {
      const { headers, rawPayload } = await app.inject(url);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const digest = createHash('sha256').update(rawPayload).digest('hex').slice(0, 12);
      expect(url).toContain(`-${digest}.`);
    }
    for (const url of ['/dashboard/main.js', '/dashboard/index.html', '/dashboard/constructor']) {
      const { statusCode, headers } = await app.inject(url);
      expect(statusCode, url).toBe(404);
      expect(headers['cache-control']).toBeUndefined();
    }
  });

  test.each(['', 'identity', 'gzip;q=0', 'br;q=0.0'])('is plain for %j', async (accepted) => {
    const { headers } = await app.inject({ url: '/', headers: { 'accept-encoding': accepted } });
    expect(headers['content-encoding']).toBeUndefined();
  });

  test('allows nothing inline and nothing from elsewhere', async () => {
    for (const url of ['/', ...(await assets())]) {
      const { headers } = await app.inject(url);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    }
  });

  test('tells what the pipeline has to who may read', async () => {
    const { statusCode } = await app.inject('/dashboard/pipeline.json');
    expect(statusCode).toBe(401);
    const answer = await app.inject({
      url: '/dashboard/pipeline.json',
      headers: { authorization: 'Bearer r' },
    });
    expect(answer.json()).toEqual({
      name: 'till',
      example: expect.stringContaining('"shop":"abc"'),
      tables: null,
      common: expect.arrayContaining([
        { name: 'user_id', kind: 'string' },
        { name: 'late', kind: 'boolean' },
      ]),
      events: [
        {
          type: 'sale',
          fields: [
            { name: 'value', kind: 'decimal' },
            { name: 'shop', kind: 'string' },
            { name: 'address.city', kind: 'string' },
            { name: 'paid', kind: 'enum', values: ['cash', 'card'] },
          ],
        },
      ],
      rollups: [
        {
          name: 'sales_per_day',
          every: 'day',
          from: ['sale'],
          by: ['shop'],
          measures: [
            { name: 'sales', kind: 'count' },
            { name: 'revenue', kind: 'sum' },
          ],
        },
      ],
      windows: [
        {
          name: 'busy_shops',
          span: { kind: 'fixed', sizeMs: 60_000, everyMs: 60_000 },
          from: ['sale'],
          by: ['shop'],
          measures: [{ name: 'sales', kind: 'count' }],
        },
      ],
    });
  });
});
