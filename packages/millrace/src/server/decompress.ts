import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { MillraceError } from '../errors.ts';
import { hasCode } from '../has-code.ts';
import { bodyTooLarge } from './read-body.ts';
import { unzstd } from './zstd.ts';

type Decoder = (bytes: Buffer, bytesMax: number) => Promise<Buffer> | Buffer;

const zlib =
  (decode: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>): Decoder =>
  (bytes, bytesMax) =>
    decode(bytes, { maxOutputLength: bytesMax });

const zlibWrapped = zlib(promisify(inflate));
const raw = zlib(promisify(inflateRaw));
const gzip = zlib(promisify(gunzip));

const decoders = new Map<string, Decoder>(
  Object.entries({
    identity: (bytes: Buffer) => bytes,
    gzip,
    'x-gzip': gzip,
    br: zlib(promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)),
    // The standard means the zlib format; some senders mean what is inside it.
    deflate: (bytes: Buffer, bytesMax: number) =>
      (isZlib(bytes) ? zlibWrapped : raw)(bytes, bytesMax),
    zstd: unzstd,
  }),
);

/** Of each layer of encoding, so that a small request cannot ask for endless work. */
const layersMax = 4;

/**
 * Undoes what Content-Encoding names, the last first. No layer gives more than
 * `bytesMax`: a bomb ends there.
 *
 * @throws MillraceError `unsupported_encoding`, `invalid_body`, `body_too_large`.
 */
export async function decompress(
  body: Buffer,
  contentEncoding: string,
  bytesMax: number,
): Promise<Buffer> {
  const layers = contentEncoding
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
    .reverse();
  if (layers.length > layersMax) throw unsupported(`more than ${layersMax} of them`);
  let bytes = body;
  for (const name of layers) {
    const decode = decoders.get(name);
    if (decode === undefined) throw unsupported(name);
    try {
      bytes = await decode(bytes, bytesMax);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) throw bodyTooLarge(bytesMax);
      const message = error instanceof Error ? error.message : String(error);
      throw new MillraceError('invalid_body', `The body is not ${name}: ${message}.`, {
        cause: error,
      });
    }
  }
  return bytes;
}

const unsupported = (what: string): MillraceError =>
  new MillraceError('unsupported_encoding', `Content-Encoding: ${what} is not understood.`);

/** RFC 1950: the method is 8, and the first two bytes are a multiple of 31. */
function isZlib(bytes: Buffer): boolean {
  if (bytes.length < 2) return false;
  return (bytes.readUInt8(0) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}
