import { setTimeout as sleep } from 'node:timers/promises';
import type { Forgetting } from './carry-out.ts';

const lookMs = 500;
const tellMs = 10_000;

/**
 * What lets a moment go by until it is looked again, and says now and then what is waited for.
 *
 * @param until said as `waiting until …`.
 */
export function waitAndTell(
  until: () => string,
  { claim, signal, tell }: Pick<Forgetting, 'claim' | 'signal' | 'tell'>,
): () => Promise<void> {
  let toldMs = performance.now();
  return async () => {
    if (performance.now() - toldMs > tellMs) {
      tell(`waiting until ${until()}`);
      toldMs = performance.now();
    }
    claim.sure();
    await sleep(lookMs, undefined, { signal });
  };
}
