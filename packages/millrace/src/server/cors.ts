import type { FastifyInstance } from 'fastify';
import type { Unlisted } from './openapi/operation.ts';

const preflight: Unlisted = { unlisted: 'browsers ask it by themselves' };

/**
 * Lets pages of any origin send events to the routes of `server`, with and
 * without credentials (`navigator.sendBeacon` always sends with them). What
 * opens these routes is a public key, so there is nothing to protect from the
 * page.
 */
export function allowBrowsers(server: FastifyInstance, urls: readonly string[]): void {
  server.addHook('onRequest', ({ headers: { origin } }, reply, done) => {
    if (origin !== undefined) {
      reply
        .header('Access-Control-Allow-Origin', origin)
        .header('Access-Control-Allow-Credentials', 'true')
        .header('Access-Control-Expose-Headers', 'Retry-After')
        .header('Vary', 'Origin');
    }
    done();
  });
  for (const url of urls) {
    server.options(url, { config: { operation: preflight } }, async ({ headers }, reply) =>
      reply
        .code(204)
        .header('Access-Control-Allow-Methods', 'POST')
        .header(
          'Access-Control-Allow-Headers',
          headers['access-control-request-headers'] ??
            'Authorization, Content-Type, Content-Encoding',
        )
        .header('Access-Control-Max-Age', '86400')
        .send(),
    );
  }
}
