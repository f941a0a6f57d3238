/** Bytes appended one after another into one block that grows by doubling. */
export class GrowingBuffer {
  #block: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#block = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#block.length;
  }

  /** Everything appended so far, without a copy: valid until the next change. */
  get bytes(): Buffer {
    return this.#block.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#block.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  appendText(text: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8: counting them exactly is
    // only worth its time where that much room is not there anyway.
    if (this.#block.length - this.#length < 3 * text.length) this.#reserve(Buffer.byteLength(text));
    this.#length += this.#block.write(text, this.#length);
  }

  /** Room for a header that is filled in later. */
  skip(bytes: number): void {
    this.#reserve(bytes);
    this.#length += bytes;
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#block.length) return;
    const block = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#block.length));
    block.set(this.bytes);
    this.#block = block;
  }
}
