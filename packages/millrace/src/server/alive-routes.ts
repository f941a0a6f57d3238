import type { FastifyInstance } from 'fastify';
import { type JsonSchema, json, type Operation, ref } from './openapi/operation.ts';

export interface AliveOptions {
  /** Why the process cannot do its work now; null when it can. */
  readonly notReady: () => string | null;
}

const says = (status: string): JsonSchema => ({
  type: 'object',
  required: ['status'],
  properties: { status: { const: status } },
});

const alive: Operation = {
  id: 'getHealth',
  tag: 'operation',
  summary: 'Whether the process is alive.',
  key: 'none',
  success: { description: 'It is.', content: json(says('alive')) },
  errors: [],
};

const ready: Operation = {
  id: 'getReadiness',
  tag: 'operation',
  summary: 'Whether events can be taken now.',
  key: 'none',
  success: { description: 'They can.', content: json(says('ready')) },
  errors: [],
  otherAnswers: [
    {
      status: 503,
      description: 'They cannot, and why; or the process is ending.',
      content: json({
        anyOf: [
          {
            type: 'object',
            required: ['status', 'reason'],
            properties: { status: { const: 'not ready' }, reason: { type: 'string' } },
          },
          ref('Error'),
        ],
      }),
    },
  ],
};

/** What whoever starts and stops processes asks: is it alive, can it do its work. */
export async function aliveRoutes(server: FastifyInstance, options: AliveOptions): Promise<void> {
  server.get('/healthz', { config: { operation: alive } }, async () => ({ status: 'alive' }));

  server.get('/readyz', { config: { operation: ready } }, async (_request, reply) => {
    const reason = options.notReady();
    if (reason === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', reason });
  });
}
