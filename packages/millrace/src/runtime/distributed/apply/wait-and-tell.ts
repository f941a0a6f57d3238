import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from './claim.ts';

const lookMs = 500;
const tellMs = 10_000;

export interface WaitAndTellOptions {
  readonly claim: Pick<Claim, 'sure'>;
  readonly tell: (sentence: string) => void;
  /** Ends the wait, which then throws. */
  readonly signal?: AbortSignal;
}

/**
 * What lets a moment go by until it is looked again, and says now and then what is waited for.
 *
 * @throws MillraceError `apply_in_progress` if the right to apply may be another's by now.
 */
export function waitAndTell(
  says: () => string | Promise<string>,
  { claim, tell, signal }: WaitAndTellOptions,
): () => Promise<void> {
  let toldMs = performance.now();
  return async () => {
    if (performance.now() - toldMs > tellMs) {
      tell(await says());
      toldMs = performance.now();
    }
    claim.sure();
    await sleep(lookMs, undefined, signal && { signal });
  };
}
