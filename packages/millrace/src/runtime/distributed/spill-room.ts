interface Sized {
  readonly sizeBytes: number;
}

/** The disk that spills may take together. */
export class SpillRoom {
  readonly #bytesMax: number;
  readonly #logs: readonly Sized[];
  #arriving = 0;
  /** What was refused last; 0 since something fitted. */
  #refused = 0;

  constructor(bytesMax: number, logs: readonly Sized[]) {
    this.#bytesMax = bytesMax;
    this.#logs = logs;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  get usedBytes(): number {
    return this.#logs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Whether what came last would still find no room. */
  get isFull(): boolean {
    return this.#refused > 0 && !this.#fits(this.#refused);
  }

  /** Holds room for what is about to be written, until it is given back; false if there is none. */
  take(bytes: number): boolean {
    if (!this.#fits(bytes)) {
      this.#refused = bytes;
      return false;
    }
    this.#refused = 0;
    this.#arriving += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#arriving -= bytes;
  }

  #fits(bytes: number): boolean {
    return this.usedBytes + this.#arriving + bytes <= this.#bytesMax;
  }
}
