import type { FastifyInstance, FastifyRequest } from 'fastify';
import { binaryCloudEvent, cloudEventsBatch } from '../collect/cloudevents.ts';
import type { IncomingBatch } from '../collect/incoming.ts';
import type { CollectLimits } from '../collect/limits.ts';
import { nativeBatch } from '../collect/native.ts';
import { readJson } from '../collect/read-json.ts';
import { MillraceError } from '../errors.ts';
import type { Ingest } from './ingest-routes.ts';
import { isJsonType, isLinesType, mediaType } from './media-type.ts';
import { json, type Operation, ref } from './openapi/operation.ts';
import { receiveErrors } from './receive.ts';
import { traceOf } from './trace.ts';

const operation: Operation = {
  id: 'sendEvents',
  tag: 'events',
  summary: 'Take events.',
  description: [
    'Answers once they are on disk. An event that is refused is kept as a dead letter; the others',
    'of its request are taken, and the answer is 200 all the same: see `rejected`. The body is one',
    'event, an array, `{"batch": […]}`, or a line for each (NDJSON); CloudEvents come in',
    'structured, batch and binary mode (attributes in `ce-` headers). `text/plain`,',
    '`application/x-www-form-urlencoded` and no type at all are read as JSON, because browsers',
    'send it so. A body may be packed: `Content-Encoding: gzip`, `br`, `zstd` or `deflate`.',
  ].join('\n'),
  key: 'write',
  body: {
    required: true,
    content: {
      'application/json': {
        anyOf: [
          ref('Event'),
          { type: 'array', items: ref('Event') },
          {
            type: 'object',
            required: ['batch'],
            properties: { batch: { type: 'array', items: ref('Event') } },
          },
        ],
      },
      'application/x-ndjson': { type: 'string', description: 'An event on each line.' },
      'application/cloudevents+json': ref('CloudEvent'),
      'application/cloudevents-batch+json': { type: 'array', items: ref('CloudEvent') },
    },
  },
  success: { description: 'What became of each event.', content: json(ref('Receipt')) },
  errors: receiveErrors,
};

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
  server.post('/v1/events', { config: { operation } }, async (request) => {
    if (!keys.mayWrite(request)) {
      throw new MillraceError('unauthorized', 'A write key is needed.');
    }
    return receive(request, async (body) =>
      collector.collect({
        ...read(request, body, collector.limits),
        ...traceOf(request),
      }),
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
