/** A hash and its tag, with no padding. */
export const SLOT_BYTES = 17;
const HASH_BYTES = 16;

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
  let homes = Math.floor(((bytes / SLOT_BYTES - 8) * 64) / 65);
  while (homes > 0 && shardBytes(homes) > bytes) homes--;
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
  #homes: number;
  #slots: number;
  #size = 0;
  /** The hashes, then the tags; tag 0 marks an empty slot. */
  #bytes: Uint8Array;
  #view: DataView;
  #tagsAt: number;

  constructor(sharedBits: number, homes: number) {
    this.#sharedBits = sharedBits;
    this.#homes = homes;
    this.#slots = homes + tailSlots(homes);
    this.#bytes = new Uint8Array(this.#slots * SLOT_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    this.#tagsAt = this.#slots * HASH_BYTES;
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
    const tagsAt = this.#tagsAt;
    const slots = this.#slots;
    const first = hashes.getInt32(offset, true);
    // Hashes here agree in their first bit, so a signed comparison orders them.
    let slot = this.#home(first);
    while (slot < slots && view.getUint8(tagsAt + slot) !== 0) {
      const word = view.getInt32(slot * HASH_BYTES, true);
      if (word > first) break;
      if (
        word === first &&
        view.getInt32(slot * HASH_BYTES + 4, true) === hashes.getInt32(offset + 4, true) &&
        view.getInt32(slot * HASH_BYTES + 8, true) === hashes.getInt32(offset + 8, true) &&
        view.getInt32(slot * HASH_BYTES + 12, true) === hashes.getInt32(offset + 12, true)
      ) {
        return slot;
      }
      slot++;
    }
    return ~slot;
  }

  tagAt(slot: number): number {
    return this.#view.getUint8(this.#tagsAt + slot);
  }

  setTag(slot: number, tag: number): void {
    this.#view.setUint8(this.#tagsAt + slot, tag);
  }

  /** Inserts at the slot that `find` gave. False, and nothing changed, if there is no empty slot after it. */
  insert(slot: number, hashes: DataView, offset: number, tag: number): boolean {
    const view = this.#view;
    const tagsAt = this.#tagsAt;
    let empty = slot;
    while (empty < this.#slots && view.getUint8(tagsAt + empty) !== 0) empty++;
    if (empty >= this.#slots) return false;
    if (empty > slot) this.#move(slot, empty, slot + 1);
    for (let byte = 0; byte < HASH_BYTES; byte += 4) {
      view.setInt32(slot * HASH_BYTES + byte, hashes.getInt32(offset + byte, true), true);
    }
    view.setUint8(tagsAt + slot, tag);
    this.#size++;
    return true;
  }

  remove(slot: number): void {
    const view = this.#view;
    // What was pushed past its home by this one moves back.
    let end = slot + 1;
    while (
      end < this.#slots &&
      view.getUint8(this.#tagsAt + end) !== 0 &&
      this.#home(view.getInt32(end * HASH_BYTES, true)) < end
    ) {
      end++;
    }
    this.#move(slot + 1, end, slot);
    view.setUint8(this.#tagsAt + end - 1, 0);
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
      if (picked[this.tagAt(slot)] === 1) take(this.#view, slot * HASH_BYTES);
    }
  }

  /** In order, each at its home or, where that is taken, right behind the one before. */
  #spreadInto(target: HashShard, kept: Uint8Array): boolean {
    const from = this.#view;
    const to = target.#view;
    const slots = this.#slots;
    let next = 0;
    let size = 0;
    for (let slot = 0; slot < slots; slot++) {
      const tag = from.getUint8(this.#tagsAt + slot);
      if (tag === 0) continue;
      // In place, nothing moves to the right, so no slot is written before it is read.
      if (target === this) from.setUint8(this.#tagsAt + slot, 0);
      if (kept[tag] !== 1) continue;
      const at = slot * HASH_BYTES;
      const first = from.getInt32(at, true);
      const home = target.#home(first);
      if (home > next) next = home;
      if (next === target.#slots) return false;
      const place = next * HASH_BYTES;
      to.setInt32(place, first, true);
      to.setInt32(place + 4, from.getInt32(at + 4, true), true);
      to.setInt32(place + 8, from.getInt32(at + 8, true), true);
      to.setInt32(place + 12, from.getInt32(at + 12, true), true);
      to.setUint8(target.#tagsAt + next, tag);
      next++;
      size++;
    }
    target.#size = size;
    return true;
  }

  #home(first: number): number {
    return Math.floor(((first << this.#sharedBits) >>> 0) * (this.#homes / 0x1_0000_0000));
  }

  #move(start: number, end: number, to: number): void {
    this.#bytes.copyWithin(to * HASH_BYTES, start * HASH_BYTES, end * HASH_BYTES);
    this.#bytes.copyWithin(this.#tagsAt + to, this.#tagsAt + start, this.#tagsAt + end);
  }
}
