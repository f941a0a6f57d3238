export interface DiskRoomOptions {
  /** Of all files of the kind. */
  readonly bytesMax: number;
  /** What is free on their disk now. */
  readonly freeBytes: () => number;
  /** What they leave to others. */
  readonly freeBytesMin: number;
}

/** A bound on the bytes of all files of a kind: one that is set, and what is free on the disk. */
export class DiskRoom {
  readonly #options: DiskRoomOptions;
  readonly #listeners = new Set<() => void>();
  #takenBytes = 0;

  constructor(options: DiskRoomOptions) {
    this.#options = options;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get freeBytes(): number {
    return this.#options.freeBytes();
  }

  /** False if there is no room for so many more; then nothing was taken. */
  take(bytes: number): boolean {
    const { bytesMax, freeBytesMin } = this.#options;
    if (this.#takenBytes + bytes > bytesMax) return false;
    // Within what its file has already, nothing more of the disk is needed.
    if (bytes > 0 && this.freeBytes - bytes < freeBytesMin) return false;
    this.#takenBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /** Calls it once, when there may be more. */
  onMore(listener: () => void): void {
    this.#listeners.add(listener);
  }

  off(listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
