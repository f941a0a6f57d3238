import { sipHashModule } from './sip-hash-module.ts';

/** Where the module has them: see sip-hash.wat. */
const HASH_AT = 16;
const MESSAGE_AT = 32;
const PAGE_BYTES = 65_536;

/** What sip-hash.wat exports. */
interface SipHashExports {
  readonly memory: {
    readonly buffer: ArrayBuffer;
    /** What was made of `buffer` before is of no more use. */
    grow(pages: number): number;
  };
  hash(length: number): void;
}

/**
 * Node has it, but of TypeScript's libraries only that of browsers declares it.
 * Source: https://webassembly.github.io/spec/js-api/
 */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: SipHashExports };
};

const compiled = new WebAssembly.Module(Buffer.from(sipHashModule, 'base64'));

/**
 * Keyed 128-bit hash of strings. Without the key nobody can construct two ids
 * that collide, and chance needs 2^64 ids for it.
 *
 * A string is hashed as its UTF-8 bytes. A lone surrogate, which UTF-8 cannot
 * express, is encoded as three bytes of its own (as in WTF-8) and so collides
 * with nothing, U+FFFD included.
 *
 * In WebAssembly, because JavaScript has no fast 64-bit integers: there it took
 * three times as long.
 */
export class SipHasher {
  readonly #module = new WebAssembly.Instance(compiled).exports;
  #bytes: Uint8Array;
  #words: DataView;

  /** @param key 16 bytes */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`the hash key has ${key.length} bytes, not 16`);
    const { buffer } = this.#module.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new DataView(buffer);
    this.#bytes.set(key);
  }

  /** Writes the 16 bytes of the hash of `text` to `out` at `offset`. */
  hash(text: string, out: DataView, offset: number): void {
    this.#module.hash(this.#encode(text));
    const words = this.#words;
    for (let at = 0; at < 16; at += 4) {
      out.setInt32(offset + at, words.getInt32(HASH_AT + at, true), true);
    }
  }

  /** Writes the message; returns how many bytes it has. */
  #encode(text: string): number {
    // Three bytes a code unit at most, then the last word.
    this.#require(MESSAGE_AT + text.length * 3 + 8);
    const bytes = this.#bytes;
    let end = MESSAGE_AT;
    for (let index = 0; index < text.length; index++) {
      let code = text.charCodeAt(index);
      if (code < 0x80) {
        bytes[end++] = code;
        continue;
      }
      if (code < 0x800) {
        bytes[end++] = 0xc0 | (code >> 6);
      } else {
        const next = (code & 0xfc00) === 0xd800 ? text.charCodeAt(index + 1) : 0;
        if ((next & 0xfc00) === 0xdc00) {
          index++;
          code = 0x10000 + ((code & 0x3ff) << 10) + (next & 0x3ff);
          bytes[end++] = 0xf0 | (code >> 18);
          bytes[end++] = 0x80 | ((code >> 12) & 0x3f);
        } else {
          bytes[end++] = 0xe0 | (code >> 12);
        }
        bytes[end++] = 0x80 | ((code >> 6) & 0x3f);
      }
      bytes[end++] = 0x80 | (code & 0x3f);
    }
    return end - MESSAGE_AT;
  }

  #require(length: number): void {
    const more = length - this.#bytes.length;
    if (more <= 0) return;
    const { memory } = this.#module;
    memory.grow(Math.ceil(more / PAGE_BYTES));
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new DataView(memory.buffer);
  }
}
