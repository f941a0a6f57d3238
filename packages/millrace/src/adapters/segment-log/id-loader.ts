import { GrowingBuffer } from './growing-buffer.ts';
import type { RecordIds } from './record-ids.ts';

const bytesAtOnce = 64 * 1024 * 1024;

/**
 * Brings the ids of segments into the dedup index, those of many segments at
 * once: each by itself, they would find most of the index out of the
 * processor's cache.
 */
export class IdLoader {
  readonly #dedup: RecordIds;
  readonly #horizon: number;
  readonly #gathered = new GrowingBuffer(1024 * 1024);
  #at = 0;

  /** @param horizon epoch ms; older ids count no more. */
  constructor(dedup: RecordIds, horizon: number) {
    this.#dedup = dedup;
    this.#horizon = horizon;
  }

  /** `ids`: 16 bytes each, admitted at `at` (epoch ms) at the latest. Copied. */
  add(ids: Uint8Array, at: number): void {
    if (at < this.#horizon) return;
    const isFull = this.#gathered.length + ids.length > bytesAtOnce;
    if (isFull || this.#sliceOf(at) !== this.#sliceOf(this.#at)) this.end();
    this.#gathered.append(ids);
    this.#at = at;
  }

  /** Nothing more comes, for now. */
  end(): void {
    this.#dedup.load(this.#gathered.bytes, this.#at);
    this.#gathered.clear();
  }

  #sliceOf(at: number): number {
    return Math.floor(at / this.#dedup.sliceMs);
  }
}
