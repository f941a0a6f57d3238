import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerStream } from '../ports/answer-stream.ts';
import type { ReadTotals } from '../ports/store.ts';
import { goneReader } from './gone-reader.ts';
import { sqlErrorAnswer } from './sql-errors.ts';

export interface Sending {
  readonly request: FastifyRequest;
  /** With the headers of the answer. */
  readonly reply: FastifyReply;
  readonly gzip: boolean;
  /** Whether the first byte is sent only after the statement has ended. */
  readonly waitForEnd: boolean;
  /** How long a reader may take none of it before the rest is dropped. */
  readonly idleMaxMs: number;
  /** How long it may take over all of it: what it sends itself, a byte now and then, is no taking. */
  readonly takeMaxMs: number;
}

/** An answer of up to so many bytes is sent as a whole; of a longer one, so many can still become an error. */
const FIRST_BYTES = 1024 * 1024;

const pack = promisify(gzip);

/**
 * Sends an answer as ClickHouse's HTTP interface does: an error before the
 * first byte has a status, a later one is written behind the rows, and the
 * answer breaks off, so that no client takes it for a whole one.
 * https://clickhouse.com/docs/interfaces/http
 *
 * @throws StoreError, SqlRefusal before the first byte.
 */
export async function sendAnswer(answer: AnswerStream, sending: Sending): Promise<FastifyReply> {
  const { reply, idleMaxMs, takeMaxMs, waitForEnd } = sending;
  try {
    let totals = waitForEnd ? await answer.ended : null;
    const chunks = answer.chunks[Symbol.asyncIterator]();
    const first: Uint8Array[] = [];
    let firstBytes = 0;
    while (firstBytes <= FIRST_BYTES) {
      const next = await chunks.next();
      if (next.done) {
        totals ??= await answer.ended;
        break;
      }
      first.push(next.value);
      firstBytes += next.value.byteLength;
    }
    const cut = (): void => void reply.raw.destroy();
    reply.raw.setTimeout(idleMaxMs, cut);
    const cutting = setTimeout(cut, takeMaxMs).unref();
    reply.raw.once('close', () => clearTimeout(cutting));
    if (totals) reply.header('X-ClickHouse-Summary', summary(totals));
    if (firstBytes <= FIRST_BYTES) return await sendWhole(Buffer.concat(first), sending);
    await sendOn(first, chunks, sending);
    return reply;
  } finally {
    await answer.leave();
  }
}

const summary = ({ rowsRead, bytesRead, elapsedMs }: ReadTotals): string =>
  JSON.stringify({
    read_rows: String(rowsRead),
    read_bytes: String(bytesRead),
    written_rows: '0',
    written_bytes: '0',
    elapsed_ns: String(Math.round(elapsedMs * 1e6)),
  });

async function sendWhole(bytes: Buffer, { reply, gzip }: Sending): Promise<FastifyReply> {
  if (!gzip) return reply.send(bytes);
  return reply.header('Content-Encoding', 'gzip').send(await pack(bytes));
}

async function sendOn(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  { request, reply, gzip }: Sending,
): Promise<void> {
  const gone = goneReader(reply);
  const tag = randomBytes(8).toString('hex');
  if (gzip) reply.header('Content-Encoding', 'gzip');
  reply.header('X-ClickHouse-Exception-Tag', tag).hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200);
  let isWhole = true;
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield* first;
    try {
      for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
    } catch (error) {
      isWhole = false;
      yield exceptionBlock(error, tag);
    }
  };
  try {
    for await (const chunk of gzip ? packed(bytes()) : bytes()) await write(raw, chunk, gone);
    // Without the last chunk of its encoding the answer is none.
    if (isWhole) raw.end();
    else raw.socket?.destroySoon();
  } catch (error) {
    if (!gone.aborted) request.log.error(error);
    raw.destroy();
  }
}

/** As clients look for it. @throws what is no error of a question, as it is. */
function exceptionBlock(error: unknown, tag: string): Buffer {
  const { text } = sqlErrorAnswer(error);
  const length = Buffer.byteLength(text);
  return Buffer.from(`\r\n__exception__\r\n${tag}\r\n${text}${length} ${tag}\r\n__exception__\r\n`);
}

function packed(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const packing = createGzip();
  // Iterating throws what goes wrong.
  pipeline(Readable.from(bytes, { objectMode: false }), packing, () => {});
  return packing;
}

/** Resolves once the reader has taken enough of it for more. */
async function write(raw: ServerResponse, chunk: Uint8Array, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  if (!raw.write(chunk)) await once(raw, 'drain', { signal: gone });
}
