const HASH_BYTES = 16;

/** Hashes in ascending order of their first word, a part at a time, each valid until the next is asked for. */
export type SortedHashes = AsyncIterable<DataView>;

/**
 * The hashes of all inputs, in one order. All parts but the last are of
 * `partBytes`, a multiple of 16: work for one turn of the event loop.
 */
export async function* mergeHashes(
  inputs: readonly SortedHashes[],
  partBytes: number,
): AsyncGenerator<DataView, void, undefined> {
  const part = new DataView(new ArrayBuffer(partBytes));
  let filled = 0;
  const opened = inputs.map((input) => new Cursor(input));
  try {
    const cursors: Cursor[] = [];
    for (const cursor of opened) if (await cursor.refill()) cursors.push(cursor);
    let least = leastOf(cursors);
    while (least !== undefined) {
      least.moveTo(part, filled);
      filled += HASH_BYTES;
      if (filled === partBytes) {
        yield part;
        filled = 0;
      }
      if (least.isEmpty && !(await least.refill())) cursors.splice(cursors.indexOf(least), 1);
      least = leastOf(cursors);
    }
    if (filled > 0) yield new DataView(part.buffer, 0, filled);
  } finally {
    for (const cursor of opened) await cursor.close();
  }
}

/** There are few: to go through all of them costs less than to keep them in order. */
function leastOf(cursors: readonly Cursor[]): Cursor | undefined {
  let least: Cursor | undefined;
  for (const cursor of cursors)
    if (least === undefined || cursor.first < least.first) least = cursor;
  return least;
}

class Cursor {
  /** The first word of the hash it is at. */
  first = 0;
  readonly #parts: AsyncIterator<DataView>;
  #part: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;

  constructor(input: SortedHashes) {
    this.#parts = input[Symbol.asyncIterator]();
  }

  get isEmpty(): boolean {
    return this.#at === this.#part.byteLength;
  }

  /** Copies the hash it is at, and goes on to the next of its part. */
  moveTo(target: DataView, offset: number): void {
    const part = this.#part;
    const at = this.#at;
    target.setInt32(offset, part.getInt32(at, true), true);
    target.setInt32(offset + 4, part.getInt32(at + 4, true), true);
    target.setInt32(offset + 8, part.getInt32(at + 8, true), true);
    target.setInt32(offset + 12, part.getInt32(at + 12, true), true);
    this.#at = at + HASH_BYTES;
    if (this.#at < part.byteLength) this.first = part.getUint32(this.#at, true);
  }

  /** The next part; false if there is none. */
  async refill(): Promise<boolean> {
    do {
      const next = await this.#parts.next();
      if (next.done) return false;
      this.#part = next.value;
      this.#at = 0;
    } while (this.isEmpty);
    this.first = this.#part.getUint32(0, true);
    return true;
  }

  async close(): Promise<void> {
    await this.#parts.return?.();
  }
}
