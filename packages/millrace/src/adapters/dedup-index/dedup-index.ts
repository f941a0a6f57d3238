import { HashShard } from './hash-shard.ts';
import { SipHasher } from './sip-hash.ts';

/**
 * Tells whether an event id was admitted before, exactly, for two dedup windows.
 *
 * An id seen again within a window of its first admission is always a
 * duplicate; one older than three windows is always new; in between it is known
 * for as long as it is kept. A duplicate does not renew the time of its id.
 */
export interface DedupIndex {
  /**
   * For each key in order: 1 in `fresh` if it is new (and is now remembered), 0
   * if it was seen within the window. `hashes` holds 16 bytes for each new key,
   * in order. A key repeated inside one call is new once. `at`: epoch ms.
   */
  admit(
    keys: readonly string[],
    at: number,
  ): { fresh: Uint8Array; freshCount: number; hashes: Buffer };
  /** Undo `admit` for records that could not be written. */
  forget(hashes: Uint8Array, at: number): void;
  /** Recovery: remember hashes that were admitted at `at` (epoch ms). Slices may be loaded in any order. */
  load(hashes: Uint8Array, at: number): void;
  /** Length of the time slices in which ids expire; a log segment never spans two slices. */
  readonly sliceMs: number;
  /** Time before which remembered ids matter no more (for deleting id files). */
  horizon(now: number): number;
  /** Expire and spill by time; cheap, called once per group commit. */
  advance(now: number): void;
  close(): void;
  /** Ids remembered, in memory and on disk. */
  readonly ids: number;
  readonly memoryBytes: number;
  readonly spilledIds: number;
  readonly spilledBytes: number;
}

export interface DedupIndexOptions {
  readonly windowMs: number;
  /** Beyond this, ids go to files in `spillFolder`. */
  readonly memoryBytesMax: number;
  /** Emptied when the index opens: the files are a cache of what `load` is given. */
  readonly spillFolder: string;
  /** 16 random bytes, the same for the life of a data folder. */
  readonly hashKey: Uint8Array;
}

const SHARD_BITS = 11;
const TAGS = 256;

export function openDedupIndex(options: DedupIndexOptions): DedupIndex {
  return new ShardedDedupIndex(options);
}

class ShardedDedupIndex implements DedupIndex {
  readonly sliceMs: number;
  readonly spilledIds = 0;
  readonly spilledBytes = 0;
  readonly #windowMs: number;
  readonly #hasher: SipHasher;
  readonly #shards: HashShard[] = [];
  readonly #kept = new Uint8Array(TAGS);
  readonly #sizes = new Float64Array(TAGS);
  readonly #tags = new Map<number, number>();
  #slice = Number.NEGATIVE_INFINITY;

  constructor(options: DedupIndexOptions) {
    this.#windowMs = options.windowMs;
    this.sliceMs = Math.max(1, Math.ceil(options.windowMs / 8));
    this.#hasher = new SipHasher(options.hashKey);
    for (let shard = 0; shard < 1 << SHARD_BITS; shard++) {
      this.#shards.push(new HashShard(SHARD_BITS, 16 + (shard >>> 8)));
    }
  }

  get ids(): number {
    return this.#sizes.reduce((sum, size) => sum + size, 0);
  }

  get memoryBytes(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.byteLength, 0);
  }

  admit(keys: readonly string[], at: number) {
    this.advance(at);
    const tag = this.#tagOf(Math.floor(at / this.sliceMs));
    const hashes = Buffer.alloc(keys.length * 16);
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    const fresh = new Uint8Array(keys.length);
    let end = 0;
    for (const [index, key] of keys.entries()) {
      this.#hasher.hash(key, view, end);
      if (!this.#remember(view, end, tag)) continue;
      fresh[index] = 1;
      end += 16;
    }
    return { fresh, freshCount: end / 16, hashes: hashes.subarray(0, end) };
  }

  forget(hashes: Uint8Array, _at: number): void {
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let offset = 0; offset < hashes.length; offset += 16) {
      const shard = this.#shardOf(view, offset);
      const slot = shard.find(view, offset);
      if (slot < 0) continue;
      const tag = shard.tagAt(slot);
      this.#sizes[tag] = (this.#sizes[tag] ?? 0) - 1;
      shard.remove(slot);
    }
  }

  load(hashes: Uint8Array, at: number): void {
    const slice = Math.floor(at / this.sliceMs);
    if (this.#isPast(slice)) return;
    const tag = this.#tagOf(slice);
    const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    for (let offset = 0; offset < hashes.length; offset += 16) this.#remember(view, offset, tag);
  }

  horizon(now: number): number {
    return Math.floor((now - 2 * this.#windowMs) / this.sliceMs) * this.sliceMs;
  }

  advance(now: number): void {
    const slice = Math.floor(now / this.sliceMs);
    if (slice === this.#slice) return;
    this.#slice = slice;
    for (const [old, tag] of this.#tags) {
      if (!this.#isPast(old)) continue;
      this.#tags.delete(old);
      this.#kept[tag] = 0;
      this.#sizes[tag] = 0;
    }
  }

  close(): void {
    this.#shards.length = 0;
  }

  #isPast(slice: number): boolean {
    return slice * this.sliceMs < this.horizon(this.#slice * this.sliceMs);
  }

  #tagOf(slice: number): number {
    const known = this.#tags.get(slice);
    if (known !== undefined) return known;
    const tag = this.#kept.indexOf(0, 1);
    for (const [index, shard] of this.#shards.entries()) {
      shard.compact(this.#kept);
      this.#shards[index] = shard;
    }
    this.#kept[tag] = 1;
    this.#tags.set(slice, tag);
    return tag;
  }

  #shardOf(view: DataView, offset: number): HashShard {
    const shard = this.#shards[view.getInt32(offset, true) >>> (32 - SHARD_BITS)];
    if (!shard) throw new Error('the dedup index is closed');
    return shard;
  }

  #remember(view: DataView, offset: number, tag: number): boolean {
    let shard = this.#shardOf(view, offset);
    let slot = shard.find(view, offset);
    if (slot >= 0) {
      if (this.#kept[shard.tagAt(slot)] === 1) return false;
      shard.setTag(slot, tag);
    } else {
      while (shard.size > shard.homes * 0.85 || !shard.insert(~slot, view, offset, tag)) {
        shard = this.#grow(shard, view.getInt32(offset, true) >>> (32 - SHARD_BITS));
        slot = shard.find(view, offset);
      }
    }
    this.#sizes[tag] = (this.#sizes[tag] ?? 0) + 1;
    return true;
  }

  #grow(shard: HashShard, index: number): HashShard {
    for (let homes = shard.homes; ; ) {
      homes = Math.ceil(homes * 1.25);
      const grown = shard.resized(homes, this.#kept);
      if (!grown) continue;
      this.#shards[index] = grown;
      return grown;
    }
  }
}
