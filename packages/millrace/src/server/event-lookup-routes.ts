import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../errors.ts';
import { isText } from '../plan/canonical-value.ts';
import { type SoughtBy, soughtBys } from '../plan/sought-events.ts';
import { eventPlace, eventPlacePattern } from '../query/event-place.ts';
import type { FindEvents } from '../query/find-events.ts';
import { goneReader } from './gone-reader.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { json, type Operation, type Parameter, ref } from './openapi/operation.ts';

export interface EventLookupRoutesOptions {
  readonly find: FindEvents;
  readonly readerOf: ReaderOf;
}

const parameters: readonly Parameter[] = [
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
      minimum: 1,
      maximum: 100,
      default: 20,
    },
  },
  {
    in: 'query',
    name: 'before',
    description: '`next` of an answer, for those that follow.',
    schema: { type: 'string', pattern: eventPlacePattern },
  },
];

const operation: Operation = {
  id: 'findEvents',
  tag: 'questions',
  summary: 'Find stored events by their id, or by whose they are.',
  description:
    'The newest by their timestamps first, each with its place in the log and the rows of rollups that count it. In a cluster a rollup may be a little behind the events.',
  key: 'read',
  parameters,
  success: {
    description: 'The events; none if there are none.',
    content: json(ref('FoundEvents')),
  },
  errors: ['invalid_body', 'question_too_costly', 'overloaded', 'store_unavailable'],
};

interface Asked {
  readonly by: SoughtBy;
  readonly value: string;
  readonly limit: number;
  readonly before?: string;
}

const querystring = {
  type: 'object',
  required: parameters.filter(({ required }) => required).map(({ name }) => name),
  properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
};

/** `GET /v1/events?by=user_id&value=ann&limit=&before=`: a `FoundEvents`. */
export async function eventLookupRoutes(
  server: FastifyInstance,
  { find, readerOf }: EventLookupRoutesOptions,
): Promise<void> {
  const schema = { querystring };
  server.get<{ Querystring: Asked }>(
    '/v1/events',
    { schema, config: { operation }, onRequest: requireAnyRead(readerOf) },
    async (request, reply) => {
      const { by, value, limit, before } = request.query;
      if (!isText(value)) {
        throw new MillraceError('invalid_body', 'value has characters that no event has.');
      }
      const place = before === undefined ? null : eventPlace(before);
      const sought = { by, value, before: place, rowsMax: limit };
      return find(sought, readerOf(request), goneReader(reply));
    },
  );
}
