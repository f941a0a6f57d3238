import type { FastifyInstance, FastifyRequest } from 'fastify';
import { collectorMetrics } from '../observe/collector-metrics.ts';
import type { CollectorStatus } from '../observe/collector-status.ts';
import { metricsPage } from '../observe/metrics.ts';
import { type AliveOptions, aliveRoutes } from './alive-routes.ts';

export interface CollectorHealthOptions extends AliveOptions {
  readonly status: () => CollectorStatus;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const operation = { unlisted: 'It is a collector’s own.' };

/** What watches over a collector asks: is it alive, can it take events, how is it doing. */
export async function collectorHealthRoutes(
  server: FastifyInstance,
  options: CollectorHealthOptions,
): Promise<void> {
  const { status, requireRead } = options;
  const page = metricsPage(collectorMetrics, async () => status());

  await server.register(aliveRoutes, options);
  const forReaders = { config: { operation }, onRequest: requireRead };
  server.get('/v1/status', forReaders, async () => status());
  server.get('/metrics', forReaders, async (_request, reply) =>
    reply.type(page.contentType).send(await page.render()),
  );
}
