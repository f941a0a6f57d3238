import { randomUUID } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Store } from '../ports/store.ts';
import type { Reader } from '../query/reader.ts';
import { type SqlGuard, SqlRefusal } from '../query/sql-guard/index.ts';
import { goneReader } from './gone-reader.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { isNativeHello, nativeHello } from './native-hello.ts';
import { killAnswer, killedId, RunningQuestions } from './running-questions.ts';
import { sendAnswer } from './send-answer.ts';
import { askSql } from './sql-answer.ts';
import { sqlErrorAnswer } from './sql-errors.ts';
import { answerFormat } from './sql-formats.ts';
import { defaultSqlLimits, type SqlLimits } from './sql-limits.ts';
import { pingOperation, sqlOperation } from './sql-operation.ts';
import { readSqlBody, readSqlRequest, type SqlRequest } from './sql-request.ts';
import { readerSettings, waitsForEnd } from './sql-settings.ts';

export interface SqlRoutesOptions {
  readonly store: Store;
  readonly guardOf: (reader: Reader) => SqlGuard;
  readonly readerOf: ReaderOf;
  /** Names that the `database` parameter may have, e.g. the pipeline's and `default`. */
  readonly databases: readonly string[];
  readonly limits?: Partial<SqlLimits>;
}

const sameAsSql = { unlisted: 'the same as /sql, for clients that end it so' };

/**
 * The ClickHouse HTTP interface, for reading: `GET` and `POST` on `/sql` and
 * `/sql/`, and `/sql/ping`. https://clickhouse.com/docs/interfaces/http
 */
export async function sqlRoutes(app: FastifyInstance, options: SqlRoutesOptions): Promise<void> {
  const limits = { ...defaultSqlLimits, ...options.limits };
  app.setErrorHandler<FastifyError>((error, _request, reply) => answerError(reply, error));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  for (const url of ['/sql/ping', '/sql/replicas_status']) {
    app.get(url, { config: { operation: pingOperation(url) } }, async (_request, reply) =>
      reply.type('text/html; charset=UTF-8').send('Ok.\n'),
    );
  }
  const desk: Desk = {
    ...options,
    limits,
    running: new RunningQuestions(),
  };
  for (const url of ['/sql', '/sql/']) {
    for (const method of ['GET', 'POST'] as const) {
      app.route({
        method,
        url,
        config: { operation: url === '/sql' ? sqlOperation(method) : sameAsSql },
        bodyLimit: limits.bodyMaxBytes,
        onRequest: requireAnyRead(options.readerOf),
        handler: (request, reply) => answer(request, reply, desk),
      });
    }
  }
}

/** What every question needs. */
interface Desk extends SqlRoutesOptions {
  readonly limits: SqlLimits;
  readonly running: RunningQuestions;
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  desk: Desk,
): Promise<FastifyReply> {
  const search = new URL(request.url, 'http://localhost').searchParams;
  if (request.method === 'GET' && !search.has('query'))
    return reply.type('text/html').send('Ok.\n');
  const queryId = search.get('query_id') || randomUUID();
  reply.header('X-ClickHouse-Query-Id', queryId.replace(/[^\x20-\x7e]/g, '?'));
  reply.header('X-ClickHouse-Server-Display-Name', 'millrace');
  reply.header('X-ClickHouse-Timezone', 'UTC');
  try {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const asked = readSqlRequest(
      search,
      await readSqlBody(body, request.headers, desk.limits.bodyMaxBytes),
      request.headers,
    );
    const reader = desk.readerOf(request);
    const given = { asked, reader, request, reply };
    const killed = killedId(asked.sql);
    if (killed !== null) {
      const sql = killAnswer(killed, desk.running.stop(killed, reader));
      // However many are running: it is to end one of them.
      return await send({ ...given, asked: { ...asked, sql } }, goneReader(reply), desk);
    }
    if (isNativeHello(asked.sql) && asked.speaksNative) {
      return reply
        .type('application/octet-stream')
        .header('X-ClickHouse-Format', 'Native')
        .send(nativeHello(await engineVersion(desk.store)));
    }
    const { size } = desk.running;
    if (size >= desk.limits.questionsMax) {
      throw new SqlRefusal(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${size}`,
      );
    }
    return await desk.running.run(asked.queryId ?? queryId, reader, (stopped) =>
      send(given, AbortSignal.any([goneReader(reply), stopped]), desk),
    );
  } catch (error) {
    return answerError(reply, error);
  }
}

async function engineVersion(store: Store): Promise<string> {
  const { bytes } = await store.read('SELECT version()', { format: 'TabSeparatedRaw' });
  return Buffer.from(bytes).toString().trim();
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, code, text } = sqlErrorAnswer(error);
  if (status === 503) reply.header('Retry-After', 1);
  return reply
    .code(status)
    .header('X-ClickHouse-Exception-Code', code)
    .type('text/plain; charset=UTF-8')
    .send(text);
}

interface Given {
  readonly asked: SqlRequest;
  readonly reader: Reader;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** @param signal aborts where nobody wants the answer any more. */
async function send(
  { asked, reader, request, reply }: Given,
  signal: AbortSignal,
  { store, guardOf, databases, limits }: Desk,
): Promise<FastifyReply> {
  if (asked.database !== null && !databases.includes(asked.database)) {
    throw new SqlRefusal('UNKNOWN_DATABASE', `Database ${asked.database} does not exist`);
  }
  const statement = await guardOf(reader).check(asked.sql, asked.params);
  const formatName = statement.format ?? asked.defaultFormat ?? 'TabSeparated';
  const format = answerFormat(formatName);
  if (format === null) throw new SqlRefusal('UNKNOWN_FORMAT', `Unknown format ${formatName}`);
  const clause = statement.askedSettings.map(({ name, value }) => [name, value] as const);
  const allAsked = [...asked.settings, ...clause];
  const answer = await askSql(store, {
    statement,
    format: format.name,
    settings: { ...readerSettings(allAsked, limits), ...statement.engineSettings },
    limits,
    signal,
  });
  reply.type(format.contentType).header('X-ClickHouse-Format', format.name);
  const accepts = request.headers['accept-encoding'] ?? '';
  return sendAnswer(answer, {
    request,
    reply,
    gzip: asked.compressAnswer && /\bgzip\b/.test(String(accepts)),
    waitForEnd: waitsForEnd(allAsked),
    idleMaxMs: limits.answerIdleMaxMs,
    takeMaxMs: limits.answerTakeMaxMs,
  });
}
