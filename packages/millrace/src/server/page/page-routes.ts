import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Plan } from '../../plan/plan.ts';
import type { Unlisted } from '../openapi/operation.ts';
import { describePipeline } from './describe-pipeline.ts';

export interface PageRoutesOptions {
  /** With the rollups as readers see them now. */
  readonly plan: () => Plan;
  /** An event the pipeline would accept, as JSON: for the line to copy. */
  readonly example: string;
  /** Throws, or answers, for a request that may not read. */
  readonly requireRead: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

// The same way up from `src` and from `dist`.
const folder = new URL('../../../page/', import.meta.url);

const script = 'text/javascript; charset=utf-8';
const files = [
  { url: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { url: '/page/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
  { url: '/page/page.js', file: 'page.js', type: script },
  { url: '/page/ask.js', file: 'ask.js', type: script },
  { url: '/page/chart.js', file: 'chart.js', type: script },
  { url: '/page/dom.js', file: 'dom.js', type: script },
  { url: '/page/events.js', file: 'events.js', type: script },
  { url: '/page/rollups.js', file: 'rollups.js', type: script },
] as const;

const operation: Unlisted = { unlisted: 'a part of the page on /' };

const headers = {
  // Nothing but what this server serves, and nothing inline: what an event holds cannot run.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/**
 * The page on `/`: live totals, rollups and the last events. It shows nothing by
 * itself: what it shows it asks of `/v1/status` and `/sql`, with the reader's key.
 */
export async function pageRoutes(app: FastifyInstance, options: PageRoutesOptions): Promise<void> {
  for (const { url, file, type } of files) {
    const content = await readFile(new URL(file, folder));
    app.get(url, { config: { operation } }, async (_request, reply) =>
      reply.headers(headers).type(type).send(content),
    );
  }

  app.get(
    '/page/pipeline.json',
    { config: { operation }, onRequest: options.requireRead },
    async (_request, reply) =>
      reply.headers(headers).send(describePipeline(options.plan(), options.example)),
  );
}
