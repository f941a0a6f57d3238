import type { ReadResult, ReadTotals } from './store.ts';

/** An answer as it comes: all of it need never be in memory. */
export interface AnswerStream {
  /**
   * Its bytes, to be taken once.
   *
   * @throws StoreError where the statement fails, also after the first bytes.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * Settles when the statement has ended, however much of the answer was taken.
   *
   * @throws StoreError
   */
  readonly ended: Promise<ReadTotals>;
  /** To be called by whoever asked, in the end: stops what still runs, and lets go of what was not taken. */
  leave(): Promise<void>;
}

/** One that is there as a whole. */
export function wholeAnswer(reading: Promise<ReadResult>): AnswerStream {
  // Whoever takes the bytes gets the error too.
  reading.catch(() => {});
  return { chunks: bytesOf(reading), ended: reading, leave: async () => {} };
}

async function* bytesOf(reading: Promise<ReadResult>): AsyncGenerator<Uint8Array, void, void> {
  yield (await reading).bytes;
}
