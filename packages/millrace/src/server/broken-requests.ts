import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type ErrorCode, MillraceError } from '../errors.ts';
import { bodyOf } from './error-answer.ts';

interface LastRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Problem = readonly [code: ErrorCode, message: string];

const known: ReadonlyMap<string | undefined, Problem> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', ['request_timeout', 'The request did not come in time.']],
  ['HPE_HEADER_OVERFLOW', ['headers_too_large', 'Path and headers are larger than 16 KiB.']],
]);
const unknown: Problem = ['invalid_request', 'This is no request of HTTP/1.1.'];

/** Answers bytes that are no request, of which Fastify's routes never hear, as every other error. */
export function brokenRequests() {
  const lastOf = new WeakMap<Socket, LastRequest>();
  /** Each further piece of what is broken is an error again. */
  const ending = new WeakSet<Socket>();
  return {
    watch(server: FastifyInstance): void {
      server.addHook('onRequest', async ({ raw: request }, { raw: response }) => {
        lastOf.set(request.socket, { request, response });
      });
    },
    /** Made for `clientErrorHandler`. */
    answer(error: Error & { readonly code?: string }, socket: Socket): void {
      if (ending.has(socket)) return;
      ending.add(socket);
      if (!socket.writable) {
        socket.destroy();
        return;
      }
      const last = lastOf.get(socket);
      // What came before the broken bytes was whole, and is answered first: an
      // answer to these would be taken for its own.
      if (last?.request.complete && !last.response.writableFinished) {
        last.response.once('close', () => socket.destroySoon());
        return;
      }
      const [code, message] = known.get(error.code) ?? unknown;
      const problem = new MillraceError(code, message, { cause: error });
      const body = JSON.stringify(bodyOf(problem));
      const head = [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
        'Connection: close',
        'Content-Type: application/json; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
      ];
      socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
      socket.destroySoon();
    },
  };
}
