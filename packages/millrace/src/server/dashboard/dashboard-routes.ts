import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MillraceError } from '../../errors.ts';
import type { Plan } from '../../plan/plan.ts';
import { type ReaderOf, requireAnyRead } from '../keys.ts';
import type { Unlisted } from '../openapi/operation.ts';
import { type DashboardFile, readDashboard } from './dashboard-files.ts';
import { describePipeline } from './describe-pipeline.ts';

export interface DashboardRoutesOptions {
  /** With the rollups as readers see them now. */
  readonly plan: () => Plan;
  /** An event the pipeline would accept, as JSON: for the line to copy. */
  readonly example: string;
  readonly readerOf: ReaderOf;
}

/** Where its views are. The page is the same; its script reads the address. */
export const viewPaths = [
  '/',
  '/explore',
  '/funnels',
  '/retention',
  '/sessions',
  '/events',
  '/health',
] as const;

const operation: Unlisted = { unlisted: 'a part of the dashboard on /' };

const headers = {
  // Nothing but what this server serves, nothing inline, and no text made into markup: what an event holds cannot run.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The page names its files by their content, so that they can be kept for ever, and it cannot. */
const pageCaching = 'no-cache';
const fileCaching = 'public, max-age=31536000, immutable';

/**
 * The dashboard on `/`. It shows nothing by itself: what it shows its script asks
 * of the other routes, with the reader's key.
 */
export async function dashboardRoutes(
  app: FastifyInstance,
  options: DashboardRoutesOptions,
): Promise<void> {
  let reading: Promise<ReadonlyMap<string, DashboardFile>> | undefined;
  const file = async (name: string): Promise<DashboardFile | undefined> => {
    reading ??= readDashboard();
    return (await reading).get(name);
  };

  for (const url of viewPaths) {
    app.get(url, { config: { operation } }, async (request, reply) => {
      const page = await file('index.html');
      if (page === undefined) throw new Error('The dashboard was not built: npm run build.');
      return send(page, pageCaching, request, reply);
    });
  }

  app.get<{ Params: { file: string } }>(
    '/dashboard/:file',
    { config: { operation } },
    async (request, reply) => {
      const asset = await file(request.params.file);
      if (asset === undefined || request.params.file === 'index.html') {
        throw new MillraceError('not_found', `There is no ${request.url}.`);
      }
      return send(asset, fileCaching, request, reply);
    },
  );

  app.get(
    '/dashboard/pipeline.json',
    { config: { operation }, onRequest: requireAnyRead(options.readerOf) },
    async (request, reply) =>
      reply
        .headers(headers)
        .header('cache-control', pageCaching)
        .send(describePipeline(options.plan(), options.example, options.readerOf(request))),
  );
}

function send(
  { type, plain, packed }: DashboardFile,
  caching: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const accepted = String(request.headers['accept-encoding'] ?? '').split(/\s*,\s*/);
  const best = packed.find(({ encoding }) => accepted.some((one) => accepts(one, encoding)));
  reply
    .headers(headers)
    .header('cache-control', caching)
    .header('vary', 'Accept-Encoding')
    .type(type);
  if (best === undefined) return reply.send(plain);
  return reply.header('content-encoding', best.encoding).send(best.content);
}

/** `gzip`, `gzip;q=0.5`, and not `gzip;q=0`. */
function accepts(one: string, encoding: string): boolean {
  const [name, weight] = one.split(/\s*;\s*/);
  return name === encoding && !/^q=0(?:\.0*)?$/.test(weight ?? '');
}
