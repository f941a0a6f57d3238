import type { FastifyInstance, FastifyRequest } from 'fastify';
import { metricsPage } from '../observe/metrics.ts';
import type { Status } from '../observe/status.ts';

export interface HealthOptions {
  readonly status: () => Promise<Status>;
  /** Why events cannot be taken now; null when they can. */
  readonly notReady: () => string | null;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

/** What watches over the process asks: is it alive, can it take events, how is it doing. */
export async function healthRoutes(server: FastifyInstance, options: HealthOptions): Promise<void> {
  const metrics = metricsPage(options.status);
  const { requireRead } = options;

  server.get('/healthz', async () => ({ status: 'alive' }));

  server.get('/readyz', async (_request, reply) => {
    const reason = options.notReady();
    if (reason === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', reason });
  });

  server.get('/v1/status', { onRequest: requireRead }, async () => options.status());

  server.get('/metrics', { onRequest: requireRead }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
}
