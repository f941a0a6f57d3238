import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, MillraceError } from '../errors.ts';
import { StoreError } from '../ports/store.ts';

/** Seconds after which a request that met a busy server may be sent again, where it does not say itself. */
const retryAfter: { readonly [code in ErrorCode]?: number } = {
  too_many_requests: 1,
  overloaded: 1,
  log_overloaded: 1,
  log_unavailable: 5,
  store_unavailable: 5,
  shutting_down: 5,
  log_full: 10,
};

/**
 * Answers with `{ "error": { "code", "message", "mend" } }`. Made for
 * `setErrorHandler`.
 */
export function answerError(
  thrown: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const error = thrown instanceof MillraceError ? thrown : translated(thrown);
  if ((error.status === 500 && !hasGone(reply, thrown)) || isEngineShort(thrown)) {
    request.log.error(thrown);
  }
  const seconds = error.retryAfterS ?? retryAfter[error.code];
  if (seconds !== undefined) reply.header('Retry-After', seconds);
  if (error.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer');
  // What is left of a body that nobody waits for must not be read as the next request.
  if (error.code === 'request_timeout') reply.header('Connection', 'close');
  return reply.code(error.status).send(bodyOf(error));
}

export const bodyOf = ({ code, message, mend }: MillraceError) => ({
  error: { code, message, mend },
});

/** What Fastify itself refuses, in our words. */
function translated(error: FastifyError | Error): MillraceError {
  const status = 'statusCode' in error ? error.statusCode : undefined;
  const { message } = error;
  if (isEngineShort(error)) {
    // What the engine says names files of this machine, which are no reader's business.
    return new MillraceError(
      'store_unavailable',
      `The store lacks files, threads or turns just now (its code ${error.code}).`,
      { cause: error },
    );
  }
  if (error instanceof StoreError && error.code === 0) {
    return new MillraceError('store_unavailable', `The store does not answer: ${message}`, {
      cause: error,
    });
  }
  if (status === 413) return new MillraceError('body_too_large', message, { cause: error });
  if (status === 415) return new MillraceError('unsupported_media_type', message, { cause: error });
  if (status !== undefined && status >= 400 && status < 500) {
    return new MillraceError('invalid_body', message, { cause: error });
  }
  return new MillraceError('internal', 'Something went wrong that should not have.', {
    cause: error,
  });
}

/** QUERY_WAS_CANCELLED */
const cancelled = 394;

/** Whether this only says that nobody waits for the answer. */
const hasGone = ({ raw }: FastifyReply, error: Error): boolean =>
  raw.destroyed &&
  (error instanceof StoreError ? error.code === cancelled : error.name === 'AbortError');

const isEngineShort = (error: Error): error is StoreError =>
  error instanceof StoreError && error.isUnavailable && error.code !== 0;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers what no route takes: 404, or 405 where another method would do. Before
 * the body is read: it has no limit here, and nobody wants it. Call it before
 * routes are registered.
 */
export function refuseUnknownRoutes(server: FastifyInstance): void {
  server.setNotFoundHandler(answerNotFound);
  server.addHook('onRequest', async (request, reply) => {
    if (request.is404) return answerNotFound(request, reply);
  });
}

function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.replace(/\?.*$/s, '');
  // To the router a star is a pattern, which it throws for; no path of ours has one.
  const isKnown = (method: (typeof methods)[number]): boolean =>
    !path.includes('*') && request.server.hasRoute({ method, url: path });
  const allowed = methods.filter(isKnown);
  if (allowed.length === 0) {
    return answerError(new MillraceError('not_found', `There is no ${path}.`), request, reply);
  }
  reply.header('Allow', allowed.join(', '));
  return answerError(
    new MillraceError('method_not_allowed', `${path} does not take ${request.method}.`),
    request,
    reply,
  );
}
