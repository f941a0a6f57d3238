import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import { isText } from '../plan/canonical-value.ts';
import { type SoughtBy, soughtBys } from '../plan/sought-events.ts';
import { eventPlace, eventPlacePattern } from '../query/event-place.ts';
import type { FindEvents } from '../query/find-events.ts';
import { goneReader } from './gone-reader.ts';
import { json, type Operation, ref } from './openapi/operation.ts';

export interface EventLookupRoutesOptions {
  readonly find: FindEvents;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const limits = { min: 1, max: 100, default: 20 } as const;
/** Searches under way at once; one more is told to come again. */
const searchesMax = 8;

const operation: Operation = {
  id: 'findEvents',
  tag: 'questions',
  summary: 'Find stored events by their id, or by whose they are.',
  description:
    'The newest by their timestamps first, each with its place in the log and the rows of rollups that count it. In a cluster a rollup may be a little behind the events.',
  key: 'read',
  parameters: [
    {
      in: 'query',
      name: 'by',
      required: true,
      description: 'The field to look at.',
      schema: { type: 'string', enum: [...soughtBys] },
    },
    {
      in: 'query',
      name: 'value',
      required: true,
      description: 'What it is, whole.',
      schema: { type: 'string' },
    },
    {
      in: 'query',
      name: 'limit',
      description: 'Events in the answer.',
      schema: {
        type: 'integer',
        minimum: limits.min,
        maximum: limits.max,
        default: limits.default,
      },
    },
    {
      in: 'query',
      name: 'before',
      description: '`next` of an answer, for those that follow.',
      schema: { type: 'string', pattern: eventPlacePattern },
    },
  ],
  success: {
    description: 'The events; none if there are none.',
    content: json(ref('FoundEvents')),
  },
  errors: ['invalid_body', 'question_too_costly', 'overloaded', 'store_unavailable'],
};

interface Asked {
  readonly by: SoughtBy;
  readonly value: string;
  readonly limit?: number;
  readonly before?: string;
}

const querystring = {
  type: 'object',
  required: ['by', 'value'],
  properties: {
    by: { type: 'string', enum: soughtBys },
    value: { type: 'string' },
    limit: { type: 'integer', minimum: limits.min, maximum: limits.max },
    before: { type: 'string', pattern: eventPlacePattern },
  },
};

/** `GET /v1/events?by=user_id&value=ann&limit=&before=`: a `FoundEvents`. */
export async function eventLookupRoutes(
  server: FastifyInstance,
  { find, requireRead }: EventLookupRoutesOptions,
): Promise<void> {
  let searches = 0;
  const schema = { querystring };
  server.get<{ Querystring: Asked }>(
    '/v1/events',
    { schema, config: { operation }, onRequest: requireRead },
    async ({ query: { by, value, limit = limits.default, before } }, reply) => {
      if (!isText(value)) {
        throw new MillraceError('invalid_body', 'value has characters that no event has.');
      }
      if (searches >= searchesMax) {
        throw new MillraceError('overloaded', `${searches} searches are under way already.`);
      }
      searches += 1;
      try {
        const place = before === undefined ? null : eventPlace(before);
        return await find({ by, value, before: place, rowsMax: limit }, goneReader(reply));
      } finally {
        searches -= 1;
      }
    },
  );
}
