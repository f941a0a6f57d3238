import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MillraceError } from '../errors.ts';
import { answerError } from './error-answer.ts';
import { type Listening, listen } from './server.ts';

let server: Listening;
let release: () => void = () => {};
beforeAll(async () => {
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  server = await listen({ host: '127.0.0.1', port: 0 }, async (app) => {
    app.setErrorHandler(answerError);
    app.get('/', async () => 'whole');
    app.get('/slow', async () => released.then(() => 'slow'));
    app.get('/:name', async () => {
      throw new MillraceError('not_found', 'There is nothing.');
    });
  });
});
afterAll(() => server.close());

/** What comes back for bytes on a connection of their own, until the server ends it. */
async function talk(bytes: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return received;
}

test.each([
  ['bytes that are no HTTP', '\x16\x03\x01\x00\xa5\r\n\r\n', 400, 'invalid_request'],
  ['a method nobody knows', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid_request'],
  [
    'lengths that contradict',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
    400,
    'invalid_request',
  ],
  [
    'a path with a broken escape',
    'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    400,
    'invalid_request',
  ],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
])('%s are answered as every error is', async (_, bytes, status, code) => {
  const [head = '', body = ''] = (await talk(bytes)).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(new RegExp(`^content-length: ${body.length}$`, 'im'));
  expect(JSON.parse(body)).toEqual({
    error: { code, message: expect.any(String), mend: expect.any(String) },
  });
});

test('a whole request is answered before the broken bytes behind it, once', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  for (let n = 0; n < 30; n += 1) {
    socket.write('\0');
    // By its answer the server has read the piece that was written before.
    await talk('\0\r\n\r\n');
  }
  release();
  await once(socket, 'close');
  process.off('warning', warn);
  expect(received).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*slow$/);
  expect(warnings).toEqual([]);
});
