import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { Verify } from '../verify/verify.ts';
import { goneReader } from './gone-reader.ts';
import type { Operation } from './openapi/operation.ts';

export interface VerifyRoutesOptions {
  readonly verify: Verify;
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
  success: {
    description:
      'Lines of JSON: `{"progress":…}` while it compares, and at last `{"report":…}` or `{"error":…}`.',
    content: {
      'application/x-ndjson': { type: 'string', description: 'On each line a `VerifyLine`.' },
    },
  },
  errors: ['overloaded'],
};

/**
 * `GET /v1/verify`: lines of JSON, `{"progress":…}` while it compares and at last
 * `{"report":…}`, or `{"error":…}`. It goes on only while somebody reads them.
 */
export async function verifyRoutes(
  server: FastifyInstance,
  { verify, requireRead }: VerifyRoutesOptions,
): Promise<void> {
  let underWay = false;
  const ending = new AbortController();
  // It may go on for minutes, which whoever ends the process would have to wait for.
  server.addHook('preClose', async () => {
    ending.abort(new MillraceError('shutting_down', 'This process is ending.'));
  });
  server.get('/v1/verify', { config: { operation }, onRequest: requireRead }, (_request, reply) => {
    if (underWay) throw new MillraceError('overloaded', 'The log is being compared already.');
    underWay = true;
    const lines = new PassThrough();
    const say = (line: object) => lines.write(`${JSON.stringify(line)}\n`);
    const unwanted = AbortSignal.any([goneReader(reply), ending.signal]);
    void verify((progress) => say({ progress }), unwanted)
      .then(
        (report) => say({ report }),
        (thrown: unknown) => {
          const error: unknown = ending.signal.aborted ? ending.signal.reason : thrown;
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
