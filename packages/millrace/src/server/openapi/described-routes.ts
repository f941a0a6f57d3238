import type { FastifyInstance } from 'fastify';
import type { Operation, Unlisted } from './operation.ts';

export interface DescribedRoute {
  readonly method: string;
  readonly url: string;
  readonly operation: Operation;
}

/**
 * Gathers what each route says of itself as it is registered. Call it before the
 * first one.
 *
 * @returns the routes there are by now, without those that are unlisted.
 */
export function describedRoutes(server: FastifyInstance): () => readonly DescribedRoute[] {
  const routes: DescribedRoute[] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    const operation: Operation | Unlisted | undefined = config?.operation;
    if (operation === undefined) {
      throw new Error(`${String(method)} ${url} does not say what it is: give it an operation.`);
    }
    if ('unlisted' in operation) return;
    for (const one of [method].flat()) {
      // What Fastify adds for each GET: the same without its body.
      if (one !== 'HEAD') routes.push({ method: one, url, operation });
    }
  });
  return () => routes;
}
