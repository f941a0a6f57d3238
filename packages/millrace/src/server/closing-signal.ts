import { setMaxListeners } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';

/** Aborts with `shutting_down` when the server begins to close. Call it before the server listens. */
export function closingSignal(server: FastifyInstance): AbortSignal {
  const closing = new AbortController();
  // As many answers as are on their way.
  setMaxListeners(0, closing.signal);
  server.addHook('preClose', async () => {
    closing.abort(new MillraceError('shutting_down', 'This process is ending.'));
  });
  return closing.signal;
}
