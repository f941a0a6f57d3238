import type { FastifyInstance, FastifyRequest } from 'fastify';
import { metrics, metricsPage } from '../observe/metrics.ts';
import type { Status } from '../observe/status.ts';
import type { Storage } from '../observe/storage.ts';
import { type AliveOptions, aliveRoutes } from './alive-routes.ts';
import { json, type Operation, ref } from './openapi/operation.ts';

export interface HealthOptions extends AliveOptions {
  readonly status: () => Promise<Status>;
  readonly storage: () => Promise<Storage>;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const status: Operation = {
  id: 'getStatus',
  tag: 'operation',
  summary: 'How the pipeline is doing.',
  description:
    'Counts are of the whole life of the data folder, or of the topics and tables of a cluster. What is not known is null.',
  key: 'read',
  success: { description: 'Its status.', content: json(ref('Status')) },
  errors: [],
};

const storage: Operation = {
  id: 'getStorage',
  tag: 'operation',
  summary: 'What each table of the pipeline takes.',
  description: 'In a cluster: of the server of the store that was asked alone.',
  key: 'read',
  success: { description: 'The tables that have rows.', content: json(ref('Storage')) },
  errors: ['store_unavailable'],
};

const metricsOperation: Operation = {
  id: 'getMetrics',
  tag: 'operation',
  summary: 'The status as Prometheus reads it.',
  key: 'read',
  success: { description: 'Metrics.', content: { 'text/plain': { type: 'string' } } },
  errors: [],
};

/** What watches over the process asks: is it alive, can it take events, how is it doing. */
export async function healthRoutes(server: FastifyInstance, options: HealthOptions): Promise<void> {
  const page = metricsPage(metrics, options.status);
  const { requireRead } = options;

  await server.register(aliveRoutes, options);
  server.get('/v1/status', { config: { operation: status }, onRequest: requireRead }, async () =>
    options.status(),
  );

  server.get('/v1/storage', { config: { operation: storage }, onRequest: requireRead }, async () =>
    options.storage(),
  );

  server.get(
    '/metrics',
    { config: { operation: metricsOperation }, onRequest: requireRead },
    async (_request, reply) => reply.type(page.contentType).send(await page.render()),
  );
}
