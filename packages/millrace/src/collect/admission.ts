import { setImmediate as nextTurn } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';

export interface AdmissionOptions {
  readonly log: { readonly end: number };
  /** What empties the log: how far it is, and when it gets further. */
  readonly reader: {
    readonly committed: number;
    settled(offset: number): Promise<void>;
  };
  /** Records ahead of the reader from which on senders wait. */
  readonly recordsMax: number;
  /** Bytes of bodies that are worked on at once; one body may always be. */
  readonly bytesMax: number;
  /** How long senders wait before they are told to come again. */
  readonly waitMsMax: number;
}

/**
 * Holds senders back while the reader is too far behind, so that a slow store is
 * felt as slow answers, which senders adapt to, and only then as refusals.
 */
export interface Admission {
  /**
   * Runs the work, the first come first. Until then a body is nothing but its
   * bytes: what it becomes when it is read takes many times their memory, and
   * nothing is decided about its events, so that waiting makes none of them late.
   *
   * @param bytes what the work is about.
   * @throws MillraceError `overloaded` after a while, and what `work` throws.
   */
  admit<Result>(bytes: number, work: () => Promise<Result>): Promise<Result>;
  /** Until those who wait now are in, as fast as others got in lately. */
  readonly retryAfterS: number;
}

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { log, reader, recordsMax, bytesMax, waitMsMax } = options;
  const waiting = new Set<Waiting>();
  const pace = new Pace();
  let insideBytes = 0;
  let waitingBytes = 0;
  let letting = false;
  let watching = false;
  let look = (): void => {};

  const isNear = (): boolean => log.end - reader.committed <= recordsMax;
  const fits = (bytes: number): boolean => insideBytes === 0 || insideBytes + bytes <= bytesMax;

  const enter = (bytes: number): void => {
    insideBytes += bytes;
    pace.add(bytes);
  };

  const watchReader = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    await reader.settled(log.end - recordsMax);
    watching = false;
    look();
  };

  /** One a turn of the event loop, so that those who were held back together do not hold up all else. */
  const letIn = async (): Promise<void> => {
    if (letting) return;
    letting = true;
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      if (isNear() && fits(first.bytes)) {
        leaveQueue(first);
        enter(first.bytes);
        first.enter();
        await nextTurn();
      } else {
        const changed = new Promise<void>((resolve) => {
          look = resolve;
        });
        if (!isNear()) void watchReader();
        await changed;
      }
    }
    letting = false;
  };

  const leaveQueue = (one: Waiting): boolean => {
    const left = waiting.delete(one);
    if (left) waitingBytes -= one.bytes;
    return left;
  };

  const queue = (bytes: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const one = {
        bytes,
        enter: () => {
          clearTimeout(tired);
          resolve();
        },
      };
      const tired = setTimeout(() => {
        if (!leaveQueue(one)) return;
        look();
        reject(
          new MillraceError(
            'overloaded',
            `${log.end - reader.committed} accepted events wait for the store, and ${waitingBytes} bytes of requests behind them.`,
            { retryAfterS: retryAfterS() },
          ),
        );
      }, waitMsMax);
      waiting.add(one);
      waitingBytes += bytes;
      void letIn();
    });

  const retryAfterS = (): number => {
    if (isNear() && waitingBytes === 0) return 1;
    const seconds = Math.ceil(waitingBytes / pace.perSecond);
    return Math.min(Math.max(seconds, 1), retryAfterMaxS);
  };

  return {
    async admit(bytes, work) {
      if (waiting.size === 0 && isNear() && fits(bytes)) enter(bytes);
      else await queue(bytes);
      try {
        return await work();
      } finally {
        insideBytes -= bytes;
        look();
      }
    },
    get retryAfterS() {
      return retryAfterS();
    },
  };
}

/** Where nothing moves nobody knows for how long. */
const retryAfterMaxS = 30;

/** Bytes a second; what is longer ago counts less. */
class Pace {
  #bytes = 0;
  #atMs = performance.now();

  add(bytes: number): void {
    this.#fade();
    this.#bytes += bytes;
  }

  get perSecond(): number {
    this.#fade();
    return this.#bytes / (memoryMs / 1000);
  }

  #fade(): void {
    const now = performance.now();
    this.#bytes *= Math.exp((this.#atMs - now) / memoryMs);
    this.#atMs = now;
  }
}

const memoryMs = 5_000;
