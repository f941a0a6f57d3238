import { Backoff } from '../../../load/backoff.ts';
import { StoreError } from '../../../ports/store.ts';
import type { Performing } from './perform.ts';

/** As many as are aggregated and inserted in some tenths of a second. */
export const eventsPerStep = 250_000;
/** A store that is away is waited for; what it refuses so often on end it will never take. */
const failuresMax = 20;

/**
 * Does one step of a table's fill after another, until there is none left.
 *
 * @param step does the next one. @returns whether there was one.
 * @throws StoreError that goes on, and whatever else a step throws.
 */
export async function stepByStep(
  table: string,
  step: () => Promise<boolean>,
  { tell }: Pick<Performing, 'tell'>,
): Promise<void> {
  const backoff = new Backoff(100, 5_000);
  for (let failures = 0; ; ) {
    try {
      if (!(await step())) return;
      failures = 0;
      backoff.reset();
    } catch (error) {
      failures += 1;
      if (!(error instanceof StoreError) || failures === failuresMax) throw error;
      tell(`${table} waits for the store: ${error.message}`);
      await backoff.wait(new AbortController().signal);
    }
  }
}
