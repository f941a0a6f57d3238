import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type LetterPlace, letterPlace } from '../collect/letter-place.ts';
import type { RetryLetters } from '../collect/retry-letters.ts';
import type { LetterFilter, StoredLetters } from '../collect/stored-letters.ts';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';
import { requireTable } from '../query/reader.ts';
import type { Keys } from './keys.ts';
import { json, type Operation, type Parameter, ref } from './openapi/operation.ts';
import { leaveBodiesUnread } from './receive.ts';

export interface DeadLetterRoutesOptions {
  readonly letters: StoredLetters;
  readonly retry: RetryLetters;
  readonly keys: Pick<Keys, 'readerOf' | 'requireRead'>;
}

interface Asked {
  readonly id?: string;
  readonly code?: string;
  readonly type?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly before?: string;
  readonly after?: string;
}

/** Each at most once. */
const querystring = {
  type: 'object',
  properties: Object.fromEntries(
    ['id', 'code', 'type', 'since', 'limit', 'before', 'after'].map((name) => [
      name,
      { type: 'string' },
    ]),
  ),
};

const filterParameters: readonly Parameter[] = [
  {
    in: 'query',
    name: 'id',
    description: 'One letter.',
    schema: { type: 'string', pattern: '^[0-9]{1,9}/[0-9]{1,15}$' },
  },
  { in: 'query', name: 'code', description: 'Why it was refused.', schema: { type: 'string' } },
  { in: 'query', name: 'type', description: 'Of the event.', schema: { type: 'string' } },
  {
    in: 'query',
    name: 'since',
    description: 'Refused then or later: ISO 8601.',
    schema: { type: 'string', format: 'date-time' },
  },
];

const listOperation: Operation = {
  id: 'getDeadLetters',
  tag: 'dead letters',
  summary: 'What was refused, the newest first, and how many for each code.',
  key: 'read',
  parameters: [
    ...filterParameters,
    {
      in: 'query',
      name: 'limit',
      description: 'Letters in the answer.',
      schema: { type: 'integer', minimum: 0, maximum: 1_000, default: 20 },
    },
    {
      in: 'query',
      name: 'before',
      description: 'The letter behind which to go on: the last one of an answer.',
      schema: { type: 'string', pattern: '^[0-9]{1,9}/[0-9]{1,15}$' },
    },
  ],
  success: { description: 'Counts and letters.', content: json(ref('Letters')) },
  errors: ['invalid_body'],
};

const numberInPath = (name: string, digitsMax: number): Parameter => ({
  in: 'path',
  name,
  description: 'A part of the id of the letter, as `0/17`.',
  schema: { type: 'integer', minimum: 0, maximum: 10 ** digitsMax - 1 },
});

const letterOperation: Operation = {
  id: 'getDeadLetter',
  tag: 'dead letters',
  summary: 'One letter, with the bytes as they came.',
  key: 'read',
  parameters: [numberInPath('partition', 9), numberInPath('offset', 15)],
  success: { description: 'The letter.', content: json(ref('Letter')) },
  errors: ['invalid_body', 'not_found'],
};

const retryOperation: Operation = {
  id: 'retryDeadLetters',
  tag: 'dead letters',
  summary: 'Send a slice of the letters through the checks again.',
  description: 'Ask again with `last` as `after` until it is null. Doing so twice adds nothing.',
  key: 'read',
  parameters: [
    ...filterParameters,
    {
      in: 'query',
      name: 'after',
      description: 'The letter behind which to begin.',
      schema: { type: 'string', pattern: '^[0-9]{1,9}/[0-9]{1,15}$' },
    },
  ],
  success: { description: 'What became of them.', content: json(ref('RetryReceipt')) },
  errors: ['invalid_body', 'overloaded', 'log_overloaded', 'log_full', 'retry_unavailable'],
};

/**
 * Dead letters, for whoever mends what refused them:
 *
 * - `GET /v1/dead-letters?code=&type=&since=&limit=&before=`: `{"counts":[…],"letters":[…]}`, the newest first.
 * - `GET /v1/dead-letters/0/17`: one letter, with the bytes as they came in `raw_base64`.
 * - `PUT /v1/dead-letters/retry?id=&code=&type=&since=&after=`: a `RetryReceipt`. Ask again with
 *   its `last` as `after` until that is null. PUT, because doing so twice changes nothing, and
 *   because browsers send none on behalf of foreign pages.
 */
export async function deadLetterRoutes(
  server: FastifyInstance,
  { letters, retry, keys }: DeadLetterRoutesOptions,
): Promise<void> {
  // There is nothing a body could say, so none is read, whatever its length.
  leaveBodiesUnread(server);
  const schema = { querystring };
  /** Letters hold what senders sent. */
  const requireLetters = async (request: FastifyRequest): Promise<void> =>
    requireTable(keys.readerOf(request), 'dead_letters');

  server.get<{ Querystring: Asked }>(
    '/v1/dead-letters',
    { schema, config: { operation: listOperation }, onRequest: requireLetters },
    async ({ query }) => {
      const filter = filterOf(query);
      const limit = limitOf(query.limit);
      const before = query.before === undefined ? null : placeOf('before', query.before);
      return {
        counts: await letters.counts(filter),
        letters: await letters.newest(filter, limit, before),
      };
    },
  );

  server.get<{ Params: { partition: string; offset: string } }>(
    '/v1/dead-letters/:partition/:offset',
    { config: { operation: letterOperation }, onRequest: requireLetters },
    async ({ params }) => {
      const id = `${params.partition}/${params.offset}`;
      placeOf('id', id);
      const letter = await letters.find(id);
      if (letter === undefined) {
        throw new MillraceError('not_found', `There is no dead letter ${id}.`);
      }
      return letter;
    },
  );

  server.put<{ Querystring: Asked }>(
    '/v1/dead-letters/retry',
    { schema, config: { operation: retryOperation }, onRequest: keys.requireRead },
    async ({ query }) => {
      const after = query.after === undefined ? null : placeOf('after', query.after);
      return retry(filterOf(query), after);
    },
  );
}

function filterOf({ id, code, type, since }: Asked): LetterFilter {
  if (id !== undefined) placeOf('id', id);
  return {
    ...(id === undefined ? {} : { id }),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { since: timeOf(since) }),
  };
}

function placeOf(name: string, text: string): LetterPlace {
  const place = letterPlace(text);
  if (place !== null) return place;
  throw new MillraceError('invalid_body', `${name} must be the id of a letter, as 0/17.`);
}

function timeOf(since: string): number {
  const time = readTime(since);
  if (time !== null) return time;
  throw new MillraceError('invalid_body', 'since must be a time of ISO 8601.');
}

const limitMax = 1_000;

function limitOf(text = '20'): number {
  const limit = Number(text);
  if (/^\d{1,4}$/.test(text) && limit <= limitMax) return limit;
  throw new MillraceError('invalid_body', `limit must be a whole number up to ${limitMax}.`);
}
