/** A bound on the bytes of all files of a kind. */
export class DiskRoom {
  readonly #bytesMax: number;
  readonly #listeners = new Set<() => void>();
  #takenBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** False if there is no room for so many more; then nothing was taken. */
  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.#bytesMax) return false;
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
