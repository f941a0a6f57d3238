import { connect, type Socket } from 'node:net';
import type { Random } from '../random.ts';
import type { Answer } from './oracle.ts';
import { writeKey } from './requests.ts';

const event = (random: Random): string =>
  `{"type":"everything","event_id":"raw-${random.between(0, 1_000)}","properties":{}}`;

const head = (lines: readonly string[], start = 'POST /v1/events HTTP/1.1'): string =>
  `${[start, 'Host: x', `Authorization: Bearer ${writeKey}`, ...lines].join('\r\n')}\r\n\r\n`;

const heads: readonly string[] = [
  'GET / HTTP/9.9\r\n\r\n',
  'GET /\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03',
  '\r\n\r\n\r\n',
  '\0\0\0\0',
  'GET  / HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'GET http://elsewhere/v1/status HTTP/1.1\r\nHost: elsewhere\r\n\r\n',
  'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n',
  'FOO / HTTP/1.1\r\nHost: x\r\n\r\n',
  'get / HTTP/1.1\r\nHost: x\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(3_000)}\r\n`,
  'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n folded: c\r\n\r\n',
  'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /é HTTP/1.1\r\nHost: x\r\n\r\n',
  head(['Content-Length: -1']),
  head(['Content-Length: 1e3']),
  head(['Content-Length: 99999999999999999999']),
  head(['Content-Length: 11000000']),
  head(['Content-Length: 5', 'Content-Length: 6']),
  head(['Content-Length: 5', 'Transfer-Encoding: chunked']),
  head(['Transfer-Encoding: gzip']),
  head(['Transfer-Encoding: chunked, chunked']),
  head(['Expect: the-unexpected', 'Content-Length: 2']),
];

const chunked = head(['Content-Type: application/json', 'Transfer-Encoding: chunked']);
const sized = (length: number): string =>
  head(['Content-Type: application/x-ndjson', `Content-Length: ${length}`]);

/** Bytes that break HTTP, or its framing of a body, at random. */
export function brokenHttp(random: Random): Buffer {
  const body = event(random);
  const way = random.next();
  if (way < 0.5) return Buffer.from(random.pick(heads), 'latin1');
  const texts = [
    // Less than was promised, and more.
    sized(body.length + random.between(1, 500)) + body,
    `${sized(body.length)}${body}${random.pick(['\n', 'GET', `${body}\r\n\r\n`, '\0'])}`,
    `${sized(random.between(0, body.length - 1))}${body}`,
    // Chunks as they should be, and as they should not.
    `${chunked}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}${body.length.toString(16)};a="b"\r\n${body}\r\n0\r\nTrailer: x\r\n\r\n`,
    `${chunked}${(body.length + 5).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}ffffffffffffffff\r\n${body}`,
    `${chunked}-1\r\n${body}\r\n0\r\n\r\n`,
    `${chunked}${body.length.toString(16)}\r\n${body}\r\n`,
    // Several at once, none of which may take another's body.
    `${sized(body.length)}${body}${sized(body.length)}${body}${head([], 'GET /healthz HTTP/1.1')}`,
  ];
  const bytes = Buffer.from(random.pick(texts), 'latin1');
  if (random.chance(0.2)) return bytes.subarray(0, random.between(0, bytes.length));
  if (random.chance(0.2))
    bytes.writeUInt8(random.between(0, 255), random.between(0, bytes.length - 1));
  return bytes;
}

export interface Talk {
  /** Every whole answer. */
  readonly answers: readonly Answer[];
  /** False if the server still waited for more: then it may have been about to answer. */
  readonly ended: boolean;
}

/** Asked behind everything else, so that a server that is not waiting for more says so. */
const last = Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
const idleMaxMs = 200;

/** Writes the bytes, in two pieces, over a connection of its own. */
export async function talk(url: string, bytes: Buffer, random: Random): Promise<Talk> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname });
  const received: Buffer[] = [];
  let ended = true;
  const over = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => received.push(chunk));
    // The server may have had enough before everything was written.
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.setTimeout(idleMaxMs, () => {
      ended = false;
      socket.destroy();
    });
  });
  const cut = random.between(0, bytes.length);
  await write(socket, bytes.subarray(0, cut));
  await write(socket, bytes.subarray(cut));
  await write(socket, last);
  await over;
  return { answers: answersIn(Buffer.concat(received)), ended };
}

const write = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    if (bytes.length === 0 || socket.destroyed) resolve();
    else socket.write(bytes, () => resolve());
  });

/** Answers out of a stream of them; one that is cut off is left out. */
function answersIn(stream: Buffer): readonly Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf('\r\n\r\n', at);
    if (end === -1) break;
    const [start = '', ...lines] = stream.subarray(at, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? Number.NaN);
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.replace(/:.*$/s, '').toLowerCase(),
        line.replace(/^[^:]*:\s*/, ''),
      ]),
    );
    const length = Number(headers['content-length'] ?? 0);
    at = end + 4 + length;
    if (at > stream.length) break;
    const body = stream.subarray(at - length, at);
    if (status >= 200) answers.push({ status, headers, body, whole: true });
  }
  return answers;
}
