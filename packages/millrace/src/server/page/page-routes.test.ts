import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event } from '../../define/event.ts';
import { count, sum } from '../../define/measure.ts';
import { definePipeline } from '../../define/pipeline.ts';
import { decimal, string } from '../../define/property.ts';
import { rollup } from '../../define/rollup.ts';
import { exampleEvent } from '../../plan/example-event.ts';
import { planOf } from '../../plan/plan-of.ts';
import { answerError } from '../error-answer.ts';
import { createKeys } from '../keys.ts';
import { pageRoutes } from './page-routes.ts';

const plan = planOf(
  definePipeline({
    name: 'till',
    events: { sale: event({ value: decimal(18, 2), shop: string() }) },
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

describe('the page', () => {
  let app: FastifyInstance;
  beforeEach(async () => {
    const keys = createKeys({ write: ['w'], read: ['r'] });
    app = fastify();
    app.setErrorHandler(answerError);
    await app.register(pageRoutes, {
      plan: () => plan,
      example: exampleEvent(plan),
      requireRead: keys.requireRead,
    });
  });
  afterEach(() => app.close());

  test('is served whole, from here alone, in under 30 kB', async () => {
    const seen = new Map<string, string>();
    const waiting = ['/'];
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
      if (seen.has(url)) continue;
      const { statusCode, body } = await app.inject(url);
      expect(statusCode, url).toBe(200);
      seen.set(url, body);
      const files = body.matchAll(/(?:src|href)="(\/page\/[^"]+)"|from '\.(\/[^']+)'/g);
      for (const [, absolute, relative] of files) waiting.push(absolute ?? `/page${relative}`);
      expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
    }
    expect(seen.size).toBe(8);
    expect(Buffer.byteLength([...seen.values()].join(''))).toBeLessThan(30_000);
  });

  test('allows nothing inline and nothing from elsewhere', async () => {
    const { headers } = await app.inject('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test('tells what the pipeline has to who may read', async () => {
    const { statusCode } = await app.inject('/page/pipeline.json');
    expect(statusCode).toBe(401);
    const answer = await app.inject({
      url: '/page/pipeline.json',
      headers: { authorization: 'Bearer r' },
    });
    expect(answer.json()).toEqual({
      name: 'till',
      example: '{"type":"sale","user_id":"ann","properties":{"value":"1.50","shop":"abc"}}',
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
    });
  });
});
