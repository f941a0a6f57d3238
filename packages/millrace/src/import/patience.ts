import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';

const pauseMs = 1_000;

export interface Patience {
  /** How long to go on before the last error is thrown. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Told each time why. */
  readonly onWait: (reason: string) => void;
}

/**
 * Tries again what is refused only for now (429, 503): the disk is full, the
 * store is behind, a server restarts.
 */
export async function patiently<Result>(
  work: () => Promise<Result>,
  { patienceMs, signal, onWait }: Patience,
): Promise<Result> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const later =
        error instanceof MillraceError && (error.status === 429 || error.status === 503);
      if (!later || performance.now() > giveUpAt) throw error;
      onWait(error.message);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}
