import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../errors.ts';
import type { LogWriter } from '../ports/log.ts';
import {
  type Answer,
  answerOf,
  type IngestServer,
  type IngestServerOptions,
  openIngestServer,
  post,
} from './ingest.suite.ts';

const opened: IngestServer[] = [];
const open = async (options: IngestServerOptions): Promise<IngestServer> => {
  const server = await openIngestServer(options);
  opened.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

/** A log that appends only once it is let. */
class GatedLog {
  #open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  #enter: () => void = () => {};
  /** Resolves once an append waits. */
  readonly entered = new Promise<void>((resolve) => {
    this.#enter = resolve;
  });

  readonly through = (log: LogWriter): LogWriter => ({
    append: async (records) => {
      this.#enter();
      await this.#opened;
      return log.append(records);
    },
    marks: () => log.marks(),
  });

  release(): void {
    this.#open();
  }
}

const page = '{"type":"page"}';
const send = (server: IngestServer, body: string | Uint8Array = page): Promise<Answer> =>
  post(`${server.url}/v1/events`, body);

/** Writes text over a connection of its own; `answer` is what came back once it closed. */
function talk(url: string, text: string): { socket: Socket; answer: Promise<string> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let received = '';
  const answer = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('error', (error) => {
      received += error.message;
    });
    socket.on('close', () => resolve(received));
  });
  return { socket, answer };
}

const head = (lengthHeader: string): string =>
  `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lengthHeader}\r\n\r\n`;

describe('too much at once', () => {
  it('is a 429 before the body is read, and over once an answer is out', async () => {
    const log = new GatedLog();
    const server = await open({ through: log.through, limits: { requestsInFlightMax: 1 } });
    const first = send(server);
    await log.entered;
    const second = await send(server);
    expect(second).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } });
    expect(second.headers.get('retry-after')).toBe('1');
    log.release();
    expect(await first).toMatchObject({ status: 200 });
    expect(await send(server)).toMatchObject({ status: 200 });
  });

  it('is a 503 where the bytes of all bodies are too many', async () => {
    const log = new GatedLog();
    const server = await open({ through: log.through, limits: { bytesInFlightMax: 1_000 } });
    const large = JSON.stringify({ type: 'page', properties: { text: 'x'.repeat(900) } });
    const first = send(server, large);
    await log.entered;
    const overloaded = { status: 503, body: { error: { code: 'overloaded' } } };
    const second = await send(server, large);
    expect(second).toMatchObject(overloaded);
    expect(second.headers.get('retry-after')).toBe('1');
    // What a small body grows to counts as well.
    const packed = await post(`${server.url}/v1/events`, gzipSync(large), {
      'content-encoding': 'gzip',
    });
    expect(packed).toMatchObject(overloaded);
    log.release();
    expect(await first).toMatchObject({ status: 200 });
    expect(await send(server, large)).toMatchObject({ status: 200 });
  });

  it.each([
    ['log_full', '10'],
    ['log_overloaded', '1'],
    ['shutting_down', '5'],
  ] as const)('is a 503 where the log says %s', async (code, seconds) => {
    let failing = true;
    const server = await open({
      through: (log) => ({
        append: async (records) => {
          if (failing) throw new MillraceError(code, 'Not now.');
          return log.append(records);
        },
        marks: () => log.marks(),
      }),
    });
    const answer = await send(server, `[${page},5]`);
    expect(answer).toMatchObject({ status: 503, body: { error: { code, message: 'Not now.' } } });
    expect(answer.headers.get('retry-after')).toBe(seconds);
    failing = false;
    expect(await send(server)).toMatchObject({ status: 200 });
  });

  it('is a 500 without its reason where the log fails in a way nobody foresaw', async () => {
    const server = await open({
      through: (log) => ({
        append: async () => {
          throw new Error('secret');
        },
        marks: () => log.marks(),
      }),
    });
    const answer = await send(server);
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'internal' } } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });
});

describe('a body', () => {
  it('may have as many bytes as the limit, whether it says so before or not', async () => {
    const server = await open({ collectLimits: { bodyBytesMax: 100_000 } });
    const body = (length: number): string => page.padEnd(length);
    const chunked = async (text: string): Promise<Answer> =>
      answerOf(
        await fetch(`${server.url}/v1/events`, {
          method: 'POST',
          body: ReadableStream.from(text.match(/.{1,10000}/g) ?? []).pipeThrough(
            new TextEncoderStream(),
          ),
          duplex: 'half',
          headers: { 'content-type': 'application/json' },
        }),
      );
    for (const way of [(text: string) => send(server, text), chunked]) {
      expect(await way(body(100_000))).toMatchObject({ status: 200 });
      expect(await way(body(100_001))).toMatchObject({
        status: 413,
        body: { error: { code: 'body_too_large' } },
      });
    }
  });

  it('is refused for its length before any of it has come', async () => {
    const server = await open({ collectLimits: { bodyBytesMax: 1_000 } });
    const { socket, answer } = talk(server.url, head('Content-Length: 1001'));
    const first = await new Promise<string>((resolve) => {
      socket.once('data', (chunk) => resolve(chunk.toString()));
    });
    expect(first).toContain('413');
    socket.destroy();
    await answer;
  });

  it('must come within its time', async () => {
    const server = await open({ limits: { bodyTimeoutMs: 100 } });
    const { answer } = talk(server.url, `${head('Content-Length: 100')}{"type"`);
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('request_timeout');
    expect(text.toLowerCase()).toContain('connection: close');
  });

  it('whose sender went away leaves nothing behind', async () => {
    const server = await open({ limits: { requestsInFlightMax: 1 } });
    const { socket, answer } = talk(server.url, `${head('Content-Length: 100')}{"type"`);
    // The server has the request once it refuses the next one.
    await until(async () => (await send(server)).status === 429);
    socket.destroy();
    await answer;
    await until(async () => (await send(server)).status === 200);
    expect(server.collector.counters.refused).toBe(0);
  });

  it('of a refused request does not become the next request', async () => {
    const server = await open({});
    const smuggled = `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: ${page.length}\r\n\r\n${page}`;
    const refused = `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const last = `GET /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const { answer } = talk(server.url, refused + last);
    const statuses = [...(await answer).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['415', '405']);
    expect(server.collector.counters.accepted).toBe(0);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
