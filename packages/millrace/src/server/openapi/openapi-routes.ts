import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DescribedRoute } from './described-routes.ts';
import { type DocumentOptions, openapiDocument } from './document.ts';
import { json, type Operation } from './operation.ts';

export interface OpenapiRoutesOptions extends Omit<DocumentOptions, 'routes'> {
  readonly routes: () => readonly DescribedRoute[];
  /**
   * Throws for a request that may not read: the document names every event,
   * property and window, which is more than a page with a write key shows.
   */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const operation: Operation = {
  id: 'getOpenapi',
  tag: 'operation',
  summary: 'This document.',
  description: 'It needs a read key, because it names every event and property of the pipeline.',
  key: 'read',
  success: { description: 'An OpenAPI 3.1 document.', content: json({ type: 'object' }) },
  errors: [],
};

/** `GET /openapi.json`. Register it last. */
export async function openapiRoutes(
  server: FastifyInstance,
  { routes, requireRead, ...about }: OpenapiRoutesOptions,
): Promise<void> {
  let document: string | undefined;
  server.get(
    '/openapi.json',
    { config: { operation }, onRequest: requireRead },
    async (_request, reply) => {
      document ??= JSON.stringify(openapiDocument({ ...about, routes: routes() }));
      return reply.type('application/json; charset=utf-8').send(document);
    },
  );
}
