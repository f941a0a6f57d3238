import type { FastifyInstance, FastifyRequest } from 'fastify';
import { metricsPage } from '../observe/metrics.ts';
import type { Status } from '../observe/status.ts';
import { type JsonSchema, json, type Operation, ref } from './openapi/operation.ts';

export interface HealthOptions {
  readonly status: () => Promise<Status>;
  /** Why events cannot be taken now; null when they can. */
  readonly notReady: () => string | null;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const says = (status: string): JsonSchema => ({
  type: 'object',
  required: ['status'],
  properties: { status: { const: status } },
});

const alive: Operation = {
  id: 'getHealth',
  tag: 'operation',
  summary: 'Whether the process is alive.',
  key: 'none',
  success: { description: 'It is.', content: json(says('alive')) },
  errors: [],
};

const ready: Operation = {
  id: 'getReadiness',
  tag: 'operation',
  summary: 'Whether events can be taken now.',
  key: 'none',
  success: { description: 'They can.', content: json(says('ready')) },
  errors: [],
  otherAnswers: [
    {
      status: 503,
      description: 'They cannot, and why; or the process is ending.',
      content: json({
        anyOf: [
          {
            type: 'object',
            required: ['status', 'reason'],
            properties: { status: { const: 'not ready' }, reason: { type: 'string' } },
          },
          ref('Error'),
        ],
      }),
    },
  ],
};

const status: Operation = {
  id: 'getStatus',
  tag: 'operation',
  summary: 'How the pipeline is doing.',
  description: 'Counts are of the whole life of the data folder.',
  key: 'read',
  success: { description: 'Its status.', content: json(ref('Status')) },
  errors: [],
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
  const metrics = metricsPage(options.status);
  const { requireRead } = options;

  server.get('/healthz', { config: { operation: alive } }, async () => ({ status: 'alive' }));

  server.get('/readyz', { config: { operation: ready } }, async (_request, reply) => {
    const reason = options.notReady();
    if (reason === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', reason });
  });

  server.get('/v1/status', { config: { operation: status }, onRequest: requireRead }, async () =>
    options.status(),
  );

  server.get(
    '/metrics',
    { config: { operation: metricsOperation }, onRequest: requireRead },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()),
  );
}
