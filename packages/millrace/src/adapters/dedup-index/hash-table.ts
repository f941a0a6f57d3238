import { HashShard, homesWithin, SLOT_BYTES } from './hash-shard.ts';

const HASH_BYTES = 16;
const SLOTS_PER_SHARD = 32_768;
const SHARD_BITS_MIN = 4;
const SHARD_BITS_MAX = 14;
/** What shards begin with, and the least they are given however little memory there is. */
const HOMES_MIN = 64;
const HOMES_LEAST = 8;
/** A shard grows when it is fuller than this: beyond, searches lengthen quickly. */
const LOAD_MAX = 0.85;
const GROWTH = 1.5;

/**
 * Hashes with their tags, in shards by the first bits of the hash. Shards grow
 * and shrink one by one, which bounds each pause, and start at sizes that are
 * spread over one step of growth, so that they do not all grow at the same time
 * and memory follows the number of hashes closely (about 24 bytes each).
 *
 * `kept` always says which tags count; hashes with others are dropped as soon
 * as their shard is reorganised.
 */
export class HashTable {
  readonly #bits: number;
  readonly #shards: HashShard[];
  readonly #kept: Uint8Array;
  #homesMax: number;
  #size = 0;
  #byteLength = 0;

  constructor(bytesMax: number, kept: Uint8Array) {
    const bits = Math.ceil(Math.log2(bytesMax / SLOT_BYTES / SLOTS_PER_SHARD));
    this.#bits = Math.min(SHARD_BITS_MAX, Math.max(SHARD_BITS_MIN, bits));
    this.#kept = kept;
    this.#homesMax = this.#homesWithin(bytesMax);
    const count = 1 << this.#bits;
    this.#shards = Array.from({ length: count }, (_, index) => {
      const homes = Math.ceil(HOMES_MIN * GROWTH ** (index / count));
      return new HashShard(this.#bits, Math.min(homes, this.#homesMax));
    });
    for (const shard of this.#shards) this.#byteLength += shard.byteLength;
  }

  get shardCount(): number {
    return this.#shards.length;
  }

  /** Slots in use, by hashes that are kept or that wait to be swept. */
  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** How many hashes the bytes allowed would hold if no slot were ever empty. */
  get sizeMax(): number {
    return this.#homesMax * this.#shards.length;
  }

  /** Changes the bytes allowed. Shards that are larger shrink when they are swept. */
  allow(bytesMax: number): void {
    this.#homesMax = this.#homesWithin(bytesMax);
  }

  shardOf(hashes: DataView, offset: number): number {
    return hashes.getInt32(offset, true) >>> (32 - this.#bits);
  }

  /** A copy of a batch of hashes in which those of one shard are together. */
  sortedByShard(hashes: DataView): DataView {
    const places = new Uint32Array(this.#shards.length + 1);
    for (let offset = 0; offset < hashes.byteLength; offset += HASH_BYTES) {
      const next = this.shardOf(hashes, offset) + 1;
      places[next] = (places[next] ?? 0) + HASH_BYTES;
    }
    for (let shard = 1; shard < places.length; shard++) {
      places[shard] = (places[shard] ?? 0) + (places[shard - 1] ?? 0);
    }
    const sorted = new DataView(new ArrayBuffer(hashes.byteLength));
    for (let offset = 0; offset < hashes.byteLength; offset += HASH_BYTES) {
      const shard = this.shardOf(hashes, offset);
      const place = places[shard] ?? 0;
      for (let byte = 0; byte < HASH_BYTES; byte += 4) {
        sorted.setInt32(place + byte, hashes.getInt32(offset + byte, true), true);
      }
      places[shard] = place + HASH_BYTES;
    }
    return sorted;
  }

  /** The tag of a hash, or 0 if it is not in the table. */
  tagOf(hashes: DataView, offset: number): number {
    const shard = this.#shard(this.shardOf(hashes, offset));
    const slot = shard.find(hashes, offset);
    return slot < 0 ? 0 : shard.tagAt(slot);
  }

  /** Adds a hash or changes its tag. False, and nothing changed, if the shard is full. */
  put(hashes: DataView, offset: number, tag: number): boolean {
    const index = this.shardOf(hashes, offset);
    let shard = this.#shard(index);
    let slot = shard.find(hashes, offset);
    if (slot >= 0) {
      shard.setTag(slot, tag);
      return true;
    }
    while (shard.size >= shard.homes * LOAD_MAX || !shard.insert(~slot, hashes, offset, tag)) {
      if (!this.#makeRoom(index)) return false;
      shard = this.#shard(index);
      slot = shard.find(hashes, offset);
    }
    this.#size++;
    return true;
  }

  /** Removes a hash; returns the tag it had, or 0 if it is not in the table. */
  remove(hashes: DataView, offset: number): number {
    const shard = this.#shard(this.shardOf(hashes, offset));
    const slot = shard.find(hashes, offset);
    if (slot < 0) return 0;
    const tag = shard.tagAt(slot);
    shard.remove(slot);
    this.#size--;
    return tag;
  }

  /** Drops from one shard what is not kept, and gives back memory it does not need. */
  sweep(index: number): void {
    const shard = this.#shard(index);
    const sizeBefore = shard.size;
    shard.compact(this.#kept);
    this.#size += shard.size - sizeBefore;
    const homes = Math.max(Math.ceil((shard.size * GROWTH) / LOAD_MAX), HOMES_MIN);
    if (homes * GROWTH < shard.homes) this.#resize(index, homes);
    else if (shard.homes > this.#homesMax) this.#resize(index, this.#homesMax);
  }

  /** Visits the hashes with a picked tag in one shard, in order. Later shards have greater hashes. */
  visit(index: number, picked: Uint8Array, take: (hashes: DataView, offset: number) => void): void {
    this.#shard(index).visit(picked, take);
  }

  #shard(index: number): HashShard {
    const shard = this.#shards[index];
    if (shard === undefined) throw new RangeError(`no shard ${index}`);
    return shard;
  }

  /** False if a shard is as large as it may be, and all in it is kept. */
  #makeRoom(index: number): boolean {
    const shard = this.#shard(index);
    for (let homes = shard.homes; homes < this.#homesMax; ) {
      homes = Math.ceil(homes * GROWTH);
      if (this.#resize(index, homes)) return true;
    }
    const sizeBefore = shard.size;
    shard.compact(this.#kept);
    this.#size += shard.size - sizeBefore;
    return shard.size < sizeBefore;
  }

  #resize(index: number, homes: number): boolean {
    const shard = this.#shard(index);
    const resized = shard.resized(Math.min(homes, this.#homesMax), this.#kept);
    if (resized === undefined) return false;
    this.#shards[index] = resized;
    this.#size += resized.size - shard.size;
    this.#byteLength += resized.byteLength - shard.byteLength;
    return true;
  }

  #homesWithin(bytes: number): number {
    return Math.max(HOMES_LEAST, homesWithin(bytes / (1 << this.#bits)));
  }
}
