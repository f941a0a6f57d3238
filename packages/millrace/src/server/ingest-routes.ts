import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Collector } from '../collect/collector.ts';
import type { IncomingBatch } from '../collect/incoming.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { MillraceError } from '../errors.ts';
import { allowBrowsers } from './cors.ts';
import { answerError } from './error-answer.ts';
import type { Keys } from './keys.ts';
import {
  createReceive,
  defaultReceiveLimits,
  leaveBodiesUnread,
  type ReceiveLimits,
} from './receive.ts';

export interface IngestOptions {
  readonly collector: Collector;
  readonly keys: Keys;
  readonly limits?: Partial<Omit<ReceiveLimits, 'bodyBytesMax'>>;
}

const lineTypes = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/** Content types under which senders are known to send JSON; none at all is taken as well. */
const jsonTypes = new Set([
  '',
  'application/json',
  'text/json',
  // navigator.sendBeacon
  'text/plain',
  // RudderStack's Node SDK, and curl --data
  'application/x-www-form-urlencoded',
]);

/** `POST /v1/events`: events in Millrace's own shape. */
export async function ingestRoutes(
  server: FastifyInstance,
  { collector, keys, limits }: IngestOptions,
): Promise<void> {
  const receive = createReceive({
    ...defaultReceiveLimits,
    ...limits,
    bodyBytesMax: collector.limits.bodyBytesMax,
  });
  leaveBodiesUnread(server);
  server.setErrorHandler(answerError);
  allowBrowsers(server, ['/v1/events']);

  server.post('/v1/events', {
    onRequest: async (request) => {
      if (!keys.mayWrite(request))
        throw new MillraceError('unauthorized', 'A write key is needed.');
    },
    handler: (request) =>
      receive(request, async (body) => collector.collect(read(request, body, collector))),
  });
}

function read(request: FastifyRequest, body: Buffer, { limits }: Collector): IncomingBatch {
  const type = mediaType(request);
  if (lineTypes.has(type)) return nativeBatch(readJson(body, true, limits));
  if (jsonTypes.has(type) || type.endsWith('+json'))
    return nativeBatch(readJson(body, false, limits));
  throw new MillraceError('unsupported_media_type', `A body of type ${type} is not understood.`);
}

const mediaType = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase();
