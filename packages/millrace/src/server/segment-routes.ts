import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Receipt } from '../collect/collector.ts';
import { readJson } from '../collect/read-json.ts';
import {
  type SegmentCall,
  segmentBatch,
  segmentCalls,
  segmentWriteKey,
} from '../collect/segment.ts';
import { MillraceError } from '../errors.ts';
import type { Ingest } from './ingest-routes.ts';
import { isJsonType, isLinesType, mediaType } from './media-type.ts';
import { type JsonSchema, json, type Operation, ref, type Unlisted } from './openapi/operation.ts';
import { receiveErrors } from './receive.ts';
import { traceOf } from './trace.ts';

const operationOf = (name: string, summary: string, schema: JsonSchema): Operation => ({
  id: `segment_${name}`,
  tag: 'events',
  summary,
  description:
    'The Segment HTTP tracking API: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/. The write key may come in the body as `writeKey`.',
  key: 'write',
  body: { required: true, content: json(schema) },
  success: { description: 'What became of each event.', content: json(ref('SegmentReceipt')) },
  errors: receiveErrors,
});

const batch: JsonSchema = {
  type: 'object',
  required: ['batch'],
  properties: {
    batch: { type: 'array', items: ref('SegmentMessage') },
    context: { type: ['object', 'null'], description: "Is every message's; its own wins." },
    writeKey: { type: 'string' },
  },
};

/** As Segment's own servers answer, and beside it what became of each event. */
interface SegmentAnswer extends Receipt {
  readonly success: true;
}

const sameAsBatch = { unlisted: 'the same as /v1/batch, as browser SDKs name it' };
const sameAsCall = {
  unlisted: 'the same as the call it begins, as Segment’s browser SDK names it',
};

/**
 * The Segment HTTP tracking API: `/v1/track` and a path for each other call,
 * `/v1/batch`, `/v1/import`, and the names that browser SDKs have for them. The write key comes by basic auth, or in the body.
 * Refused events get a 200 as well: senders must not try them again.
 *
 * @returns the paths there are now.
 */
export function segmentRoutes(server: FastifyInstance, ingest: Ingest): readonly string[] {
  const paths: string[] = [];
  const route = (path: string, call: SegmentCall | null, operation: Operation | Unlisted): void => {
    paths.push(path);
    server.post(path, { config: { operation } }, async (request) => take(request, call, ingest));
  };
  for (const call of segmentCalls) {
    const operation = operationOf(call, `Take a \`${call}\` message.`, ref(`segment.${call}`));
    route(`/v1/${call}`, call, operation);
    route(`/v1/${call.slice(0, 1)}`, call, sameAsCall);
  }
  for (const name of ['batch', 'import']) {
    const operation = operationOf(name, 'Take messages that say themselves what they are.', batch);
    route(`/v1/${name}`, null, operation);
  }
  for (const path of ['/v1/b', '/beacon/v1/batch']) route(path, null, sameAsBatch);
  return paths;
}

async function take(
  request: FastifyRequest,
  call: SegmentCall | null,
  { collector, keys, receive }: Ingest,
): Promise<SegmentAnswer> {
  const mayWrite = keys.mayWrite(request);
  const type = mediaType(request);
  if (!isJsonType(type) && !isLinesType(type)) {
    throw new MillraceError('unsupported_media_type', `A body of type ${type} is not understood.`);
  }
  return receive(request, async (body) => {
    const json = readJson(body, isLinesType(type), collector.limits);
    if (!mayWrite && !keys.isWriteKey(segmentWriteKey(json))) {
      throw new MillraceError(
        'unauthorized',
        'A write key is needed, in the body or by basic auth.',
      );
    }
    const batch = { ...segmentBatch(json, call), ...traceOf(request) };
    return { success: true, ...(await collector.collect(batch)) };
  });
}
