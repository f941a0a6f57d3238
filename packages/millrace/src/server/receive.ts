import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Admission } from '../collect/admission.ts';
import { type ErrorCode, MillraceError } from '../errors.ts';
import { createLimiter } from '../limiter.ts';
import { bodyBudget } from './body-budget.ts';
import { decompress } from './decompress.ts';
import { readBody } from './read-body.ts';

export interface ReceiveLimits {
  /** Of one body, as it comes and after decompression. */
  readonly bodyBytesMax: number;
  readonly bodyTimeoutMs: number;
  /** Of all bodies that are not answered yet. */
  readonly bytesInFlightMax: number;
  readonly requestsInFlightMax: number;
}

export const defaultReceiveLimits: Omit<ReceiveLimits, 'bodyBytesMax'> = {
  bodyTimeoutMs: 30_000,
  bytesInFlightMax: 128 * 1024 * 1024,
  requestsInFlightMax: 1_024,
};

/** What a route that receives bodies of events can answer for them. */
export const receiveErrors: readonly ErrorCode[] = [
  'invalid_body',
  'batch_too_large',
  'body_too_large',
  'unsupported_media_type',
  'unsupported_encoding',
  'too_many_requests',
  'overloaded',
  'log_overloaded',
  'log_full',
];

/**
 * Reads and decompresses a body, hands it to `work` once it is admitted, and
 * counts its bytes until `work` is done.
 *
 * @throws MillraceError `too_many_requests`, `overloaded`, and what
 *   `readBody`, `decompress` and `work` throw.
 */
export type Receive = <Result>(
  request: FastifyRequest,
  work: (body: Buffer) => Promise<Result>,
) => Promise<Result>;

export function createReceive(limits: ReceiveLimits, admission: Admission): Receive {
  const { bodyBytesMax, bodyTimeoutMs, bytesInFlightMax, requestsInFlightMax } = limits;
  const budget = bodyBudget(bytesInFlightMax);
  // How much comes out is only known afterwards, so few may be at it. zlib has four threads.
  const fewAtOnce = createLimiter({ atOnceMax: 4 });
  let requests = 0;

  return async (request, work) => {
    if (requests >= requestsInFlightMax) {
      throw new MillraceError(
        'too_many_requests',
        `${requestsInFlightMax} requests are waiting for their answer.`,
        { retryAfterS: admission.retryAfterS },
      );
    }
    requests += 1;
    let taken = 0;
    const grow = (bytes: number): void => {
      if (!budget.take(bytes)) {
        throw new MillraceError('overloaded', 'Too many bytes of requests are waiting.', {
          retryAfterS: admission.retryAfterS,
        });
      }
      taken += bytes;
    };
    try {
      const bytes = await readBody(
        request.raw,
        { bytesMax: bodyBytesMax, timeoutMs: bodyTimeoutMs },
        grow,
      );
      const encoding = request.headers['content-encoding'];
      if (encoding === undefined) return await admission.admit(bytes.length, () => work(bytes));
      const body = await fewAtOnce(async () => decompress(bytes, encoding, bodyBytesMax));
      grow(body.length);
      return await admission.admit(body.length, () => work(body));
    } finally {
      requests -= 1;
      budget.giveBack(taken);
    }
  };
}

/** Leaves bodies unread, whatever their type, for the handlers of `server` to receive. */
export function leaveBodiesUnread(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  // Those that are named are found without being parsed for each request.
  const types = ['application/json', 'application/x-ndjson', '*'];
  server.addContentTypeParser(types, (_request, _payload, done) => done(null));
}
