import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { ForgetRequest, ForgetStatus } from '../forget/forgetter.ts';
import { json, type Operation, ref } from './openapi/operation.ts';
import { readBody } from './read-body.ts';

export interface ForgetRoutesOptions {
  readonly orders: {
    order(request: ForgetRequest): Promise<ForgetStatus>;
    orders(): readonly ForgetStatus[];
  };
  /** Throws for a request that may not read: write keys are public. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const bodyLimits = { bytesMax: 16 * 1024, timeoutMs: 10_000 };

const orderOperation: Operation = {
  id: 'forget',
  tag: 'operation',
  summary: 'Forget a person: what was accepted of them until now.',
  description:
    'Answers once the order is durable; it is carried out from then on, also after a crash. The same order again, while it is under way, is the same. The ids are in the body, because paths get into logs.',
  key: 'read',
  body: { required: true, content: json(ref('ForgetRequest')) },
  success: { description: 'How far it is.', content: json(ref('ForgetStatus')) },
  errors: [
    ...(['invalid_body', 'body_too_large', 'unsupported_media_type'] as const),
    ...(['forget_invalid', 'forget_conflict', 'log_full'] as const),
  ],
};

const listOperation: Operation = {
  id: 'getForgotten',
  tag: 'operation',
  summary: 'What was forgotten, and is being. It does not say of whom.',
  key: 'read',
  success: { description: 'Every order.', content: json(ref('ForgetOrders')) },
  errors: [],
};

/**
 * - `PUT /v1/forgotten`: orders that a person is forgotten, `{"user_id":"u17"}`.
 * - `GET /v1/forgotten`: every order, and how far it is.
 *
 * PUT, because browsers send none on behalf of foreign pages.
 */
export async function forgetRoutes(
  server: FastifyInstance,
  { orders, requireRead }: ForgetRoutesOptions,
): Promise<void> {
  // Whatever its content type says, if it is one: there is one form an order can have.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.addHook('onRequest', requireRead);

  server.get('/v1/forgotten', { config: { operation: listOperation } }, async () => ({
    orders: orders.orders(),
  }));

  server.put('/v1/forgotten', { config: { operation: orderOperation } }, async (request) =>
    orders.order(requestOf(await readBody(request.raw, bodyLimits, () => {}))),
  );
}

const members: readonly string[] = ['user_id', 'anonymous_id', 'rebuild'];

function requestOf(body: Buffer): ForgetRequest {
  const asked = jsonOf(body);
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    throw new MillraceError('forget_invalid', 'An order is an object of JSON.');
  }
  const unknown = Object.keys(asked).find((name) => !members.includes(name));
  if (unknown !== undefined) {
    throw new MillraceError('forget_invalid', `An order has no ${JSON.stringify(unknown)}.`);
  }
  const rebuild = 'rebuild' in asked ? asked.rebuild : false;
  if (typeof rebuild !== 'boolean') {
    throw new MillraceError('forget_invalid', 'rebuild must be true or false.');
  }
  return {
    person: {
      userId: idOf('user_id', 'user_id' in asked ? asked.user_id : null),
      anonymousId: idOf('anonymous_id', 'anonymous_id' in asked ? asked.anonymous_id : null),
    },
    rebuild,
  };
}

function idOf(name: string, value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new MillraceError('forget_invalid', `${name} must be a string.`);
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MillraceError('invalid_body', `The body is not JSON: ${why}`, { cause: error });
  }
}
