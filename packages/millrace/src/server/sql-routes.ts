import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Store } from '../ports/store.ts';
import type { Reader } from '../query/reader.ts';
import { type SqlGuard, SqlRefusal } from '../query/sql-guard/index.ts';
import { goneReader } from './gone-reader.ts';
import { type HoldAnswer, holdAnswers } from './held-answers.ts';
import { type ReaderOf, requireAnyRead } from './keys.ts';
import { readBounded } from './sql-bounded-read.ts';
import { sqlErrorAnswer } from './sql-errors.ts';
import { answerFormat } from './sql-formats.ts';
import { defaultSqlLimits, type SqlLimits } from './sql-limits.ts';
import { pingOperation, sqlOperation } from './sql-operation.ts';
import { readSqlBody, readSqlRequest, type SqlRequest } from './sql-request.ts';
import { readerSettings } from './sql-settings.ts';

export interface SqlRoutesOptions {
  readonly store: Store;
  readonly guardOf: (reader: Reader) => SqlGuard;
  readonly readerOf: ReaderOf;
  /** Names that the `database` parameter may have, e.g. the pipeline's and `default`. */
  readonly databases: readonly string[];
  readonly limits?: Partial<SqlLimits>;
}

const pack = promisify(gzip);

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
  const hold = holdAnswers(limits);
  let questions = 0;
  const answerBounded = async (request: FastifyRequest, reply: FastifyReply) => {
    if (questions >= limits.questionsMax) {
      throw new SqlRefusal(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${questions}`,
      );
    }
    questions += 1;
    try {
      return await answer(request, reply, options, limits, hold);
    } finally {
      questions -= 1;
    }
  };
  for (const url of ['/sql', '/sql/']) {
    for (const method of ['GET', 'POST'] as const) {
      app.route({
        method,
        url,
        config: { operation: url === '/sql' ? sqlOperation(method) : sameAsSql },
        bodyLimit: limits.bodyMaxBytes,
        onRequest: requireAnyRead(options.readerOf),
        handler: answerBounded,
      });
    }
  }
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SqlRoutesOptions,
  limits: SqlLimits,
  hold: HoldAnswer,
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
      await readSqlBody(body, request.headers, limits.bodyMaxBytes),
    );
    return await send(asked, request, reply, options, limits, hold);
  } catch (error) {
    return answerError(reply, error);
  }
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

async function send(
  asked: SqlRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  options: SqlRoutesOptions,
  limits: SqlLimits,
  hold: HoldAnswer,
): Promise<FastifyReply> {
  if (asked.database !== null && !options.databases.includes(asked.database)) {
    throw new SqlRefusal('UNKNOWN_DATABASE', `Database ${asked.database} does not exist`);
  }
  const statement = await options.guardOf(options.readerOf(request)).check(asked.sql, asked.params);
  const formatName = statement.format ?? asked.defaultFormat ?? 'TabSeparated';
  const format = answerFormat(formatName);
  if (format === null) throw new SqlRefusal('UNKNOWN_FORMAT', `Unknown format ${formatName}`);
  const clause = statement.askedSettings.map(({ name, value }) => [name, value] as const);
  const settings = readerSettings([...asked.settings, ...clause], limits);

  const result = await readBounded(options.store, {
    statement,
    format: format.name,
    settings: { ...settings, ...statement.engineSettings },
    resultMaxBytes: limits.resultMaxBytes,
    signal: goneReader(reply),
  });
  hold(reply.raw, result.bytes.byteLength);
  reply
    .type(format.contentType)
    .header('X-ClickHouse-Format', format.name)
    .header(
      'X-ClickHouse-Summary',
      JSON.stringify({
        read_rows: String(result.rowsRead),
        read_bytes: String(result.bytesRead),
        written_rows: '0',
        written_bytes: '0',
        result_bytes: String(result.bytes.byteLength),
        elapsed_ns: String(Math.round(result.elapsedMs * 1e6)),
      }),
    );
  const accepts = request.headers['accept-encoding'] ?? '';
  if (asked.compressAnswer && /\bgzip\b/.test(String(accepts))) {
    return reply.header('Content-Encoding', 'gzip').send(await pack(result.bytes));
  }
  return reply.send(
    Buffer.from(result.bytes.buffer, result.bytes.byteOffset, result.bytes.byteLength),
  );
}
