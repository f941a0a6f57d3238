import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type LetterPlace, letterPlace } from '../collect/letter-place.ts';
import type { RetryLetters } from '../collect/retry-letters.ts';
import type { LetterFilter, StoredLetters } from '../collect/stored-letters.ts';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';

export interface DeadLetterRoutesOptions {
  readonly letters: StoredLetters;
  readonly retry: RetryLetters;
  /** Throws for a request that may not read: letters hold what senders sent. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

interface Asked {
  readonly id?: string;
  readonly code?: string;
  readonly type?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly after?: string;
}

/** Each at most once. */
const querystring = {
  type: 'object',
  properties: Object.fromEntries(
    ['id', 'code', 'type', 'since', 'limit', 'after'].map((name) => [name, { type: 'string' }]),
  ),
};

/**
 * Dead letters, for whoever mends what refused them:
 *
 * - `GET /v1/dead-letters?code=&type=&since=&limit=`: `{"counts":[…],"letters":[…]}`, the newest first.
 * - `GET /v1/dead-letters/0/17`: one letter, with the bytes as they came in `raw_base64`.
 * - `PUT /v1/dead-letters/retry?id=&code=&type=&since=&after=`: a `RetryReceipt`. Ask again with
 *   its `last` as `after` until that is null. PUT, because doing so twice changes nothing, and
 *   because browsers send none on behalf of foreign pages.
 */
export async function deadLetterRoutes(
  server: FastifyInstance,
  { letters, retry, requireRead }: DeadLetterRoutesOptions,
): Promise<void> {
  server.addHook('onRequest', requireRead);

  const schema = { querystring };

  server.get<{ Querystring: Asked }>('/v1/dead-letters', { schema }, async ({ query }) => {
    const filter = filterOf(query);
    const limit = limitOf(query.limit);
    return { counts: await letters.counts(filter), letters: await letters.newest(filter, limit) };
  });

  server.get<{ Params: { partition: string; offset: string } }>(
    '/v1/dead-letters/:partition/:offset',
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

  server.put<{ Querystring: Asked }>('/v1/dead-letters/retry', { schema }, async ({ query }) => {
    const after = query.after === undefined ? null : placeOf('after', query.after);
    return retry(filterOf(query), after);
  });
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
