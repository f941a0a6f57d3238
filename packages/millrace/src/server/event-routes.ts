import type { FastifyInstance, FastifyRequest } from 'fastify';
import { binaryCloudEvent, cloudEventsBatch } from '../collect/cloudevents.ts';
import type { IncomingBatch } from '../collect/incoming.ts';
import type { CollectLimits } from '../collect/limits.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { MillraceError } from '../errors.ts';
import type { Ingest } from './ingest-routes.ts';
import { isJsonType, isLinesType, mediaType } from './media-type.ts';

/**
 * `POST /v1/events`: events in Millrace's own shape (an object, an array,
 * `{"batch": […]}`, NDJSON), and CloudEvents 1.0 in binary, structured and
 * batch mode. Answers with a `Receipt`.
 *
 * @returns the paths there are now.
 */
export function eventRoutes(
  server: FastifyInstance,
  { collector, keys, receive }: Ingest,
): readonly string[] {
  server.post('/v1/events', async (request) => {
    if (!keys.mayWrite(request)) {
      throw new MillraceError('unauthorized', 'A write key is needed.');
    }
    return receive(request, async (body) =>
      collector.collect(read(request, body, collector.limits)),
    );
  });
  return ['/v1/events'];
}

function read(request: FastifyRequest, body: Buffer, limits: CollectLimits): IncomingBatch {
  const { headers } = request;
  const type = mediaType(request);
  if (type === 'application/cloudevents+json' || type === 'application/cloudevents-batch+json') {
    return cloudEventsBatch(readJson(body, false, limits));
  }
  if (headers['ce-specversion'] !== undefined) return binaryCloudEvent(headers, body);
  if (isLinesType(type)) return nativeBatch(readJson(body, true, limits));
  if (isJsonType(type)) return nativeBatch(readJson(body, false, limits));
  throw new MillraceError('unsupported_media_type', `A body of type ${type} is not understood.`);
}
