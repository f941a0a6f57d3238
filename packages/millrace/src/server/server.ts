import fastify, { type FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';
import { hasCode } from '../has-code.ts';
import { urlOf } from './address.ts';
import { brokenRequests } from './broken-requests.ts';
import { answerError } from './error-answer.ts';

export interface Listening {
  /** Where it answers, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more, answers what is under way, as long as that is soon, and closes. */
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How often connections without a request are closed at the end. */
const hangUpMs = 20;
/** What is still under way so long after the end was asked for is cut: a slow reader would keep the process. */
const closingMaxMs = 10_000;

/**
 * The HTTP server: the routes are given, this knows only how to listen.
 *
 * @throws MillraceError `port_in_use`.
 */
export async function listen(
  address: Address,
  register: (server: FastifyInstance) => Promise<void>,
): Promise<Listening> {
  const broken = brokenRequests();
  const server = fastify({
    // What an operator must see and nothing of what senders send: standard output stays a person's.
    logger: { level: 'error', stream: process.stderr },
    // Routes read bodies themselves, with limits of their own.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
    requestTimeout: 60_000,
    // Said in our own words below.
    return503OnClosing: false,
    clientErrorHandler: broken.answer,
    frameworkErrors: (error, request, reply) =>
      answerError(
        new MillraceError('invalid_request', error.message, { cause: error }),
        request,
        reply,
      ),
  });
  broken.watch(server);
  let closing = false;
  server.addHook('onRequest', async (_request, reply) => {
    if (!closing) return;
    reply.header('Connection', 'close');
    throw new MillraceError('shutting_down', 'This process is ending and takes no more.');
  });
  await register(server);
  try {
    await server.listen({ host: address.host, port: address.port });
  } catch (error) {
    await server.close();
    if (hasCode(error, 'EADDRINUSE')) {
      throw new MillraceError(
        'port_in_use',
        `Port ${address.port} on ${address.host} is taken by another process.`,
        { cause: error },
      );
    }
    throw error;
  }
  const bound = server.server.address();
  const port = typeof bound === 'object' && bound ? bound.port : address.port;
  return {
    url: urlOf(address.host, port),
    async close() {
      closing = true;
      // What is answered meanwhile leaves its connection open for more, which would hold this up
      // until it has been idle for `keepAliveTimeout`.
      const hangingUp = setInterval(() => server.server.closeIdleConnections(), hangUpMs);
      const cutting = setTimeout(() => server.server.closeAllConnections(), closingMaxMs);
      try {
        await server.close();
      } finally {
        clearInterval(hangingUp);
        clearTimeout(cutting);
      }
    },
  };
}
