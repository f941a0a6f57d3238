import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decompress } from './decompress.ts';
import { type IngestServer, openIngestServer, post } from './ingest.suite.ts';

const limit = 1024 * 1024;

const code = (body: Buffer, encoding: string, bytesMax = limit): Promise<string> =>
  decompress(body, encoding, bytesMax).then(
    () => 'decompressed',
    (error: { code: string }) => error.code,
  );

/** One event of type page, and what zstd 1.5 makes of it: with and without its size in the header. */
const text = `{"type":"page","properties":{"text":"${'abc '.repeat(300)}"}}`;
const zstdSized =
  'KLUv/WTYA40BAMICChGwqQM8rCX4sglQDflANDS4C60NyBDfqZqzO9UkKh6Eh1sEfhdXzgIBAEnFf8vEEEkX';
const zstdUnsized =
  'KLUv/QQIjQEAwgIKEbCpAzysJfiyCVAN+UA0NLgLrQ3IEN+pmrM71SQqHoSHWwR+F1fOAgEAScV/y8QQSRc=';

const base64 = (encoded: string): Buffer => Buffer.from(encoded, 'base64');

const encoded: readonly [string, Buffer][] = [
  ['gzip', gzipSync(text)],
  ['x-gzip', gzipSync(text)],
  ['GZIP', gzipSync(text)],
  ['br', brotliCompressSync(text)],
  ['deflate', deflateSync(text)],
  ['deflate', deflateRawSync(text)],
  ['zstd', base64(zstdSized)],
  ['zstd', base64(zstdUnsized)],
  ['identity', Buffer.from(text)],
  ['', Buffer.from(text)],
  ['gzip, br', brotliCompressSync(gzipSync(text))],
  ['zstd, gzip , deflate', deflateSync(gzipSync(base64(zstdSized)))],
];

/** A zstd frame of one block that repeats a byte, of any length up to 2 MiB. */
function repeatedByte(length: number): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((length << 3) | (1 << 1) | 1, 0, 3);
  return Buffer.concat([base64('KLUv/QBY'), header, Buffer.from('x')]);
}

describe('decompress', () => {
  it.each(encoded)('reads %s', async (encoding, body) => {
    expect((await decompress(body, encoding, limit)).toString()).toBe(text);
  });

  it('reads several gzip members and zstd frames, skippable ones among them', async () => {
    const twice = Buffer.concat([gzipSync('a'), gzipSync('b')]);
    expect((await decompress(twice, 'gzip', limit)).toString()).toBe('ab');
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames = Buffer.concat([base64(zstdSized), skippable, base64(zstdUnsized)]);
    expect((await decompress(frames, 'zstd', limit)).toString()).toBe(text + text);
  });

  it.each(encoded.filter(([encoding]) => encoding !== 'identity' && encoding !== ''))(
    'refuses broken %s',
    async (encoding, body) => {
      expect(await code(body.subarray(0, -5), encoding)).toBe('invalid_body');
      expect(await code(Buffer.from('no such thing'), encoding)).toBe('invalid_body');
    },
  );

  it.each(['compress', 'snappy', 'gzip, sdch', 'constructor', 'gzip,gzip,gzip,gzip,gzip'])(
    'does not know %s',
    async (encoding) => {
      expect(await code(gzipSync(text), encoding)).toBe('unsupported_encoding');
    },
  );

  const zeros = Buffer.alloc(limit + 1);
  it.each([
    ['gzip', gzipSync(zeros)],
    ['br', brotliCompressSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['zstd', repeatedByte(limit + 1)],
    ['zstd', Buffer.concat([repeatedByte(limit), repeatedByte(1)])],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50 * limit)))],
  ])('ends a bomb of %s early', async (encoding, body) => {
    expect(body.length).toBeLessThan(60_000);
    expect(await code(body, encoding)).toBe('body_too_large');
    expect(await code(body, encoding, 100 * limit)).toBe('decompressed');
  });

  it('bounds the memory that a zstd header may ask for', async () => {
    const frame = base64(zstdUnsized);
    // The window descriptor: the exponent in its upper five bits.
    frame.writeUInt8((14 << 3) | 0, 5);
    expect(await code(frame, 'zstd')).toBe('unsupported_encoding');
    // A content size of 4 GiB less one byte.
    const sized = Buffer.concat([base64('KLUv/aD/////'), Buffer.from([1, 0, 0])]);
    expect(await code(sized, 'zstd')).toBe('body_too_large');
  });

  it('gives up on a zstd body that is made to take for ever, and reads the next one', async () => {
    const hostile = endlessZstd();
    const started = Date.now();
    expect(await code(hostile, 'zstd')).toBe('invalid_body');
    expect(Date.now() - started).toBeGreaterThan(1_000);
    expect((await decompress(base64(zstdSized), 'zstd', limit)).toString()).toBe(text);
  });
});

/**
 * A block of 98,047 sequences, each of which copies 65 KiB, where no more than
 * 128 KiB may come out of a block: 6 GB of work for 12 bytes, ten times over.
 */
function endlessZstd(): Buffer {
  const block = (last: 0 | 1): Buffer =>
    Buffer.from([(9 << 3) | (2 << 1) | last, 0, 0, 0, 0xff, 0xff, 0xff, 0x54, 0, 0, 52, 1]);
  return Buffer.concat([base64('KLUv/QBY'), ...Array<Buffer>(9).fill(block(0)), block(1)]);
}

describe('over HTTP', () => {
  let server: IngestServer;
  beforeAll(async () => {
    server = await openIngestServer({ collectLimits: { bodyBytesMax: limit } });
  });
  afterAll(() => server.close());

  const send = (body: Buffer, encoding: string): ReturnType<typeof post> =>
    post(`${server.url}/v1/events`, body, {
      'content-type': 'application/json',
      'content-encoding': encoding,
    });

  it.each(encoded)('takes %s', async (encoding, body) => {
    expect(await send(body, encoding)).toMatchObject({ status: 200, body: { accepted: 1 } });
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(limit + 1)), 413, 'body_too_large'],
    ['gzip', Buffer.from('{}'), 400, 'invalid_body'],
    ['pigeon', Buffer.from('{}'), 415, 'unsupported_encoding'],
  ])('answers bad %s', async (encoding, body, status, code) => {
    expect(await send(body, encoding)).toMatchObject({ status, body: { error: { code } } });
  });
});
