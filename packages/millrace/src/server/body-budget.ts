/** A bound on the bytes of all bodies that are in memory at once. */
export interface BodyBudget {
  /** False if there is no room for so many more; then nothing was taken. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  readonly takenBytes: number;
}

export function bodyBudget(bytesMax: number): BodyBudget {
  let takenBytes = 0;
  return {
    take(bytes) {
      if (takenBytes + bytes > bytesMax) return false;
      takenBytes += bytes;
      return true;
    },
    giveBack(bytes) {
      takenBytes -= bytes;
    },
    get takenBytes() {
      return takenBytes;
    },
  };
}
