const HASH_BYTES = 16;
/** A hash, then its tag, with no padding: both are most often in one line of the processor's cache. */
export const SLOT_BYTES = HASH_BYTES + 1;
/** The tag of an empty slot. */
const EMPTY = 0;

/** Slots past the last home, so that the fullest stretch at the end finds room without wrapping around. */
function tailSlots(homes: number): number {
  return 8 + (homes >>> 6);
}

/** The bytes that a shard with this many homes takes. */
export function shardBytes(homes: number): number {
  return (homes + tailSlots(homes)) * SLOT_BYTES;
}

/** The most homes that fit in so many bytes. */
export function homesWithin(bytes: number): number {
  let homes = Math.max(0, Math.floor(((bytes / SLOT_BYTES - 8) * 64) / 65));
  while (shardBytes(homes + 1) <= bytes) homes++;
  return homes;
}

/**
 * A set of 128-bit hashes that share their first bits, each with a tag (1 to
 * 255): ordered linear probing (Amble and Knuth, 1974).
 *
 * The slots are in ascending order of the hashes' first word, and each hash
 * lies at or shortly after its home, the slot that its value interpolates to.
 * The order lets a search for what is absent stop early, and makes resizing and
 * writing out plain sequential passes.
 */
export class HashShard {
  /** How many leading bits all hashes here share; at least 1. */
  readonly #sharedBits: number;
  readonly #homes: number;
  readonly #slots: number;
  #size = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(sharedBits: number, homes: number) {
    this.#sharedBits = sharedBits;
    this.#homes = homes;
    this.#slots = homes + tailSlots(homes);
    this.#bytes = new Uint8Array(this.#slots * SLOT_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get homes(): number {
    return this.#homes;
  }

  /** Slots in use. */
  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** The slot of the hash at `offset` of `hashes`, or, if absent, `~slot` of where it belongs. */
  find(hashes: DataView, offset: number): number {
    const view = this.#view;
    const end = this.#bytes.byteLength;
    const first = hashes.getInt32(offset, true);
    // Hashes here agree in their first bit, so a signed comparison orders them.
    let at = this.#home(first) * SLOT_BYTES;
    for (; at < end && view.getUint8(at + HASH_BYTES) !== EMPTY; at += SLOT_BYTES) {
      const word = view.getInt32(at, true);
      if (word > first) break;
      if (
        word === first &&
        view.getInt32(at + 4, true) === hashes.getInt32(offset + 4, true) &&
        view.getInt32(at + 8, true) === hashes.getInt32(offset + 8, true) &&
        view.getInt32(at + 12, true) === hashes.getInt32(offset + 12, true)
      ) {
        return at / SLOT_BYTES;
      }
    }
    return ~(at / SLOT_BYTES);
  }

  tagAt(slot: number): number {
    return this.#view.getUint8(slot * SLOT_BYTES + HASH_BYTES);
  }

  setTag(slot: number, tag: number): void {
    this.#view.setUint8(slot * SLOT_BYTES + HASH_BYTES, tag);
  }

  /** Inserts at the slot that `find` gave. False, and nothing changed, if there is no empty slot after it. */
  insert(slot: number, hashes: DataView, offset: number, tag: number): boolean {
    let empty = slot;
    while (empty < this.#slots && this.tagAt(empty) !== EMPTY) empty++;
    if (empty === this.#slots) return false;
    if (empty > slot) this.#move(slot, empty, slot + 1);
    this.#write(slot, hashes, offset, tag);
    this.#size++;
    return true;
  }

  remove(slot: number): void {
    // What was pushed past its home by this one moves back.
    let end = slot + 1;
    while (end < this.#slots && this.tagAt(end) !== EMPTY) {
      if (this.#home(this.#view.getInt32(end * SLOT_BYTES, true)) === end) break;
      end++;
    }
    this.#move(slot + 1, end, slot);
    this.setTag(end - 1, EMPTY);
    this.#size--;
  }

  /** Drops every hash whose tag is not kept (`kept` holds 1 for each tag that is). */
  compact(kept: Uint8Array): void {
    this.#spreadInto(this, kept);
  }

  /** A copy with this many homes, of the kept hashes alone. Undefined if they do not fit. */
  resized(homes: number, kept: Uint8Array): HashShard | undefined {
    const target = new HashShard(this.#sharedBits, homes);
    return this.#spreadInto(target, kept) ? target : undefined;
  }

  /** Visits every hash with a picked tag (`picked` holds 1 for it), in order. */
  visit(picked: Uint8Array, take: (hashes: DataView, offset: number) => void): void {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (picked[this.tagAt(slot)] === 1) take(this.#view, slot * SLOT_BYTES);
    }
  }

  /** In order, each at its home or, where that is taken, right behind the one before. */
  #spreadInto(target: HashShard, kept: Uint8Array): boolean {
    let next = 0;
    let size = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const tag = this.tagAt(slot);
      if (tag === EMPTY) continue;
      // In place, nothing moves to the right, so no slot is written before it is read.
      if (target === this) this.setTag(slot, EMPTY);
      if (kept[tag] !== 1) continue;
      const offset = slot * SLOT_BYTES;
      next = Math.max(next, target.#home(this.#view.getInt32(offset, true)));
      if (next === target.#slots) return false;
      target.#write(next, this.#view, offset, tag);
      next++;
      size++;
    }
    target.#size = size;
    return true;
  }

  #home(first: number): number {
    return Math.floor(((first << this.#sharedBits) >>> 0) * (this.#homes / 0x1_0000_0000));
  }

  #write(slot: number, hashes: DataView, offset: number, tag: number): void {
    const at = slot * SLOT_BYTES;
    this.#view.setInt32(at, hashes.getInt32(offset, true), true);
    this.#view.setInt32(at + 4, hashes.getInt32(offset + 4, true), true);
    this.#view.setInt32(at + 8, hashes.getInt32(offset + 8, true), true);
    this.#view.setInt32(at + 12, hashes.getInt32(offset + 12, true), true);
    this.#view.setUint8(at + HASH_BYTES, tag);
  }

  #move(start: number, end: number, to: number): void {
    this.#bytes.copyWithin(to * SLOT_BYTES, start * SLOT_BYTES, end * SLOT_BYTES);
  }
}
