import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { Verify } from '../verify/verify.ts';
import { withFirstOf } from '../with-first-of.ts';
import { closingSignal } from './closing-signal.ts';
import { goneReader } from './gone-reader.ts';
import type { Operation } from './openapi/operation.ts';

export interface VerifyRoutesOptions {
  /** Reads the archive too, if asked to. */
  readonly verify: (...args: [...Parameters<Verify>, withArchive: boolean]) => ReturnType<Verify>;
  /** Throws for a request that may not read. */
  readonly requireRead: (request: FastifyRequest) => Promise<void>;
}

const operation: Operation = {
  id: 'verify',
  tag: 'operation',
  summary: 'Compare the log, the stored events and the rollups, hour by hour.',
  description:
    'It goes on only while somebody reads the answer. One runs at a time; what the log no longer has is not compared.',
  key: 'read',
  parameters: [
    {
      in: 'query',
      name: 'archive',
      description: 'Whether to read the archive as far as it reaches, and the log behind it.',
      schema: { type: 'boolean', default: false },
    },
  ],
  success: {
    description:
      'Lines of JSON: `{"progress":…}` while it compares, and at last `{"report":…}` or `{"error":…}`.',
    content: {
      'application/x-ndjson': { type: 'string', description: 'On each line a `VerifyLine`.' },
    },
  },
  errors: ['invalid_body', 'overloaded'],
};

interface Asked {
  readonly archive?: boolean;
}

const querystring = { type: 'object', properties: { archive: { type: 'boolean' } } };

/**
 * `GET /v1/verify`: lines of JSON, `{"progress":…}` while it compares and at last
 * `{"report":…}`, or `{"error":…}`. It goes on only while somebody reads them.
 */
export async function verifyRoutes(
  server: FastifyInstance,
  { verify, requireRead }: VerifyRoutesOptions,
): Promise<void> {
  let underWay = false;
  // It may go on for minutes, which whoever ends the process would have to wait for.
  const closing = closingSignal(server);
  const schema = { querystring };
  const route = { schema, config: { operation }, onRequest: requireRead };
  server.get<{ Querystring: Asked }>('/v1/verify', route, ({ query }, reply) => {
    if (underWay) throw new MillraceError('overloaded', 'The log is being compared already.');
    underWay = true;
    const lines = new PassThrough();
    const say = (line: object) => lines.write(`${JSON.stringify(line)}\n`);
    void withFirstOf([goneReader(reply), closing], (unwanted) =>
      verify((progress) => say({ progress }), unwanted, query.archive === true),
    )
      .then(
        (report) => say({ report }),
        (thrown: unknown) => {
          const error: unknown = closing.aborted ? closing.reason : thrown;
          say({ error: { message: error instanceof Error ? error.message : String(error) } });
        },
      )
      .finally(() => {
        underWay = false;
        lines.end();
      });
    return (
      reply
        .type('application/x-ndjson; charset=utf-8')
        // Who ends the process waits for this answer, and not for what might come after it.
        .header('Connection', 'close')
        .send(lines)
    );
  });
}
