/**
 * Rotation counts, order of steps and constants are those of SipHash-2-4 with
 * 128 bits of output (Aumasson and Bernstein, https://github.com/veorq/SipHash).
 * JavaScript has no fast 64-bit integers, so each word is two 32-bit halves.
 */

const SCRATCH_BYTES = 512;

/**
 * Keyed 128-bit hash of strings. Without the key nobody can construct two ids
 * that collide, and chance needs 2^64 ids for it.
 *
 * A string is hashed as its UTF-8 bytes. A lone surrogate, which UTF-8 cannot
 * express, is encoded as three bytes of its own (as in WTF-8) and so collides
 * with nothing, U+FFFD included.
 */
export class SipHasher {
  readonly #key0Low: number;
  readonly #key0High: number;
  readonly #key1Low: number;
  readonly #key1High: number;
  #message = new DataView(new ArrayBuffer(SCRATCH_BYTES));

  /** @param key 16 bytes */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`the hash key has ${key.length} bytes, not 16`);
    const words = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.#key0Low = words.getInt32(0, true);
    this.#key0High = words.getInt32(4, true);
    this.#key1Low = words.getInt32(8, true);
    this.#key1High = words.getInt32(12, true);
  }

  /** Writes the 16 bytes of the hash of `text` to `out` at `offset`. */
  hash(text: string, out: DataView, offset: number): void {
    const length = this.#encode(text);
    const message = this.#message;
    // The last block is what is left, zeros, and the length in its last byte.
    const blocks = (length >>> 3) + 1;
    message.setUint8(blocks * 8 - 1, length);

    let v0l = this.#key0Low ^ 0x70736575;
    let v0h = this.#key0High ^ 0x736f6d65;
    let v1l = this.#key1Low ^ 0x6e646f6d ^ 0xee;
    let v1h = this.#key1High ^ 0x646f7261;
    let v2l = this.#key0Low ^ 0x6e657261;
    let v2h = this.#key0High ^ 0x6c796765;
    let v3l = this.#key1Low ^ 0x79746573;
    let v3h = this.#key1High ^ 0x74656462;

    // Two more turns than blocks: each of them yields half of the hash.
    for (let block = 0; block < blocks + 2; block++) {
      let low = 0;
      let high = 0;
      let rounds = 4;
      if (block < blocks) {
        low = message.getInt32(block * 8, true);
        high = message.getInt32(block * 8 + 4, true);
        rounds = 2;
      } else if (block === blocks) {
        v2l ^= 0xee;
      } else {
        v1l ^= 0xdd;
      }
      v3l ^= low;
      v3h ^= high;

      for (; rounds > 0; rounds--) {
        let l = (v0l + v1l) | 0;
        v0h = (v0h + v1h + (l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v0l = l;
        let t = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = t ^ v0l;
        t = v0l;
        v0l = v0h;
        v0h = t;

        l = (v2l + v3l) | 0;
        v2h = (v2h + v3h + (l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v2l = l;
        t = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = t ^ v2l;

        l = (v0l + v3l) | 0;
        v0h = (v0h + v3h + (l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0;
        v0l = l;
        t = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = t ^ v0l;

        l = (v2l + v1l) | 0;
        v2h = (v2h + v1h + (l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0;
        v2l = l;
        t = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = t ^ v2l;
        t = v2l;
        v2l = v2h;
        v2h = t;
      }

      v0l ^= low;
      v0h ^= high;
      if (block >= blocks) {
        const half = offset + (block - blocks) * 8;
        out.setInt32(half, v0l ^ v1l ^ v2l ^ v3l, true);
        out.setInt32(half + 4, v0h ^ v1h ^ v2h ^ v3h, true);
      }
    }
  }

  /** Fills the message with the bytes of `text` and zeros up to the next block; returns their number. */
  #encode(text: string): number {
    // Three bytes a code unit at most, then the last block.
    if (text.length * 3 + 8 > this.#message.byteLength) {
      this.#message = new DataView(new ArrayBuffer(text.length * 3 + 8));
    }
    const message = this.#message;
    let end = 0;
    for (let index = 0; index < text.length; index++) {
      let code = text.charCodeAt(index);
      if (code < 0x80) {
        message.setUint8(end++, code);
        continue;
      }
      if (code < 0x800) {
        message.setUint8(end++, 0xc0 | (code >> 6));
      } else {
        const next = (code & 0xfc00) === 0xd800 ? text.charCodeAt(index + 1) : 0;
        if ((next & 0xfc00) === 0xdc00) {
          index++;
          code = 0x10000 + ((code & 0x3ff) << 10) + (next & 0x3ff);
          message.setUint8(end++, 0xf0 | (code >> 18));
          message.setUint8(end++, 0x80 | ((code >> 12) & 0x3f));
        } else {
          message.setUint8(end++, 0xe0 | (code >> 12));
        }
        message.setUint8(end++, 0x80 | ((code >> 6) & 0x3f));
      }
      message.setUint8(end++, 0x80 | (code & 0x3f));
    }
    message.setInt32(end, 0, true);
    message.setInt32(end + 4, 0, true);
    return end;
  }
}
