import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../random.ts';

export interface Encoded {
  readonly body: Buffer;
  /** The value of Content-Encoding, if there is to be one. */
  readonly encoding?: string;
  /** True if what it decodes to is the body as it was given. */
  readonly faithful: boolean;
}

const encoders: readonly (readonly [name: string, encode: (body: Buffer) => Buffer])[] = [
  ['identity', (body) => body],
  ['gzip', (body) => gzipSync(body, { level: 1 })],
  ['X-GZIP', (body) => gzipSync(body, { level: 1 })],
  ['deflate', (body) => deflateSync(body, { level: 1 })],
  ['deflate', (body) => deflateRawSync(body, { level: 1 })],
  ['br', (body) => brotli(body)],
  ['zstd', zstd],
];

const brotli = (body: Buffer): Buffer =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

const bombBytes = 64 * 1024 * 1024;
/** Each made once, and only if one is sent at all. */
const bombs = new Map<string, Buffer>();

function bomb(name: string): Buffer {
  const made = bombs.get(name);
  if (made !== undefined) return made;
  const zeros = Buffer.alloc(bombBytes);
  const packed =
    name === 'zstd' ? zstdOfZeros(bombBytes) : name === 'br' ? brotli(zeros) : gzipSync(zeros);
  bombs.set(name, packed);
  return packed;
}

/** Mostly as it should be done; else torn, spoiled, wrongly named, many times over, or a bomb. */
export function encoded(body: Buffer, random: Random): Encoded {
  if (random.chance(0.7)) return { body, faithful: true };
  const [name, encode] = random.pick(encoders);
  const packed = encode(body);
  const way = random.next();
  if (way < 0.7) return { body: packed, encoding: name, faithful: true };
  if (way < 0.78) {
    const [outer, again] = random.pick(encoders);
    return { body: again(packed), encoding: `${name}, ${outer}`, faithful: true };
  }
  if (way < 0.86) {
    const cut = packed.subarray(0, random.between(0, packed.length));
    return { body: cut, encoding: name, faithful: false };
  }
  if (way < 0.93) {
    const spoiled = Buffer.from(packed);
    for (let n = random.between(1, 4); n > 0 && spoiled.length > 0; n -= 1) {
      spoiled.writeUInt8(random.between(0, 255), random.between(0, spoiled.length - 1));
    }
    return { body: spoiled, encoding: name, faithful: false };
  }
  if (way < 0.95) {
    const bombed = random.pick(['gzip', 'br', 'zstd']);
    return { body: bomb(bombed), encoding: bombed, faithful: false };
  }
  const wrong = random.pick([
    'compress',
    'snappy',
    'gzip,'.repeat(9),
    ',',
    'GZIP;q=1',
    'zstd',
    'br',
  ]);
  return { body: packed, encoding: wrong, faithful: false };
}

const frameStart = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
const blockBytesMax = 128 * 1024;
const rawBlock = 0;
const repeatedByte = 1;

/** Zstandard (RFC 8878) with nothing compressed in it, as Node 20 has no encoder. */
function zstd(body: Buffer): Buffer {
  const blocks: Buffer[] = [frameStart];
  for (let at = 0; at === 0 || at < body.length; at += blockBytesMax) {
    const block = body.subarray(at, at + blockBytesMax);
    blocks.push(blockHeader(rawBlock, block.length, at + blockBytesMax >= body.length), block);
  }
  return Buffer.concat(blocks);
}

function zstdOfZeros(bytes: number): Buffer {
  const blocks: Buffer[] = [frameStart];
  for (let at = 0; at < bytes; at += blockBytesMax) {
    const last = at + blockBytesMax >= bytes;
    blocks.push(blockHeader(repeatedByte, blockBytesMax, last), Buffer.from([0]));
  }
  return Buffer.concat(blocks);
}

function blockHeader(type: number, length: number, last: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((length << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return header;
}
