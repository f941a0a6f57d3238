import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SqlEngine } from '../ports/sql-engine.ts';
import { goneReader } from './gone-reader.ts';
import { sendAnswer } from './send-answer.ts';
import { sqlErrorAnswer } from './sql-errors.ts';
import { defaultSqlLimits } from './sql-limits.ts';
import { readSqlBody, readSqlRequest } from './sql-request.ts';
import { waitsForEnd } from './sql-settings.ts';

export interface StoreRoutesOptions {
  readonly engine: SqlEngine;
  /** An `onRequest` hook. */
  readonly requireKey: (request: FastifyRequest) => Promise<void>;
  /** Of one insert. */
  readonly bodyBytesMax: number;
}

/**
 * The ClickHouse HTTP interface, for whoever has the key to do anything: `GET`
 * and `POST` on `/`, and `/ping`. https://clickhouse.com/docs/interfaces/http
 */
export async function storeRoutes(
  app: FastifyInstance,
  { engine, requireKey, bodyBytesMax }: StoreRoutesOptions,
): Promise<void> {
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.get('/ping', async (_request, reply) => reply.type('text/html').send('Ok.\n'));

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const search = new URL(request.url, 'http://localhost').searchParams;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const hasQuery = search.has('query');
    if (!hasQuery && body.length === 0) return reply.type('text/html').send('Ok.\n');
    const rows = hasQuery && body.length > 0 ? body : undefined;
    const text = rows === undefined ? body : Buffer.alloc(0);
    const asked = readSqlRequest(
      search,
      await readSqlBody(text, request.headers, bodyBytesMax),
      request.headers,
    );
    const { readonly: readOnly = '0', ...settings } = Object.fromEntries(
      asked.settings.filter(([name]) => !ofTheServer.has(name)),
    );
    const format = asked.defaultFormat ?? 'TabSeparated';
    const database = asked.database ?? 'default';
    const answer = engine.run({
      sql: asked.sql,
      database,
      params: asked.params,
      settings,
      readOnly: readOnly !== '0' || request.method === 'GET',
      format,
      signal: goneReader(reply),
      ...(rows === undefined ? {} : { rows }),
    });
    reply
      .headers({
        'X-ClickHouse-Query-Id': asked.queryId ?? randomUUID(),
        'X-ClickHouse-Format': format,
        'X-ClickHouse-Timezone': 'UTC',
      })
      .type('text/plain; charset=UTF-8');
    return sendAnswer(answer, {
      request,
      reply,
      gzip: false,
      waitForEnd: waitsForEnd(asked.settings),
      idleMaxMs: answerIdleMaxMs,
      takeMaxMs: answerTakeMaxMs,
    });
  };
  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/',
      bodyLimit: bodyBytesMax,
      onRequest: requireKey,
      handler: answer,
    });
  }
}

const { answerIdleMaxMs, answerTakeMaxMs } = defaultSqlLimits;

/** Settings that speak of the HTTP exchange, and not of the statement. */
const ofTheServer: ReadonlySet<string> = new Set([
  'wait_end_of_query',
  'cancel_http_readonly_queries_on_client_close',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
]);

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, code, text } = sqlErrorAnswer(error);
  return reply
    .code(status)
    .header('X-ClickHouse-Exception-Code', code)
    .type('text/plain; charset=UTF-8')
    .send(text);
}
