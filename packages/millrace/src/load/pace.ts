import { pause } from '../pause.ts';
import type { Store } from '../ports/store.ts';

/** What brings new events into the store meanwhile. */
export interface FilledBeside {
  readonly lagMs: number;
  /** Does the work while no insert is under way. */
  between(work: () => Promise<void>): Promise<void>;
}

/** While new events have waited longer than this for the store, … */
const busyLagMs = 2_000;
/** … a step waits, but not for ever: a fill that never ends helps nobody. */
const waitMsMax = 10_000;

export async function waitWhileBusy(
  loader: Pick<FilledBeside, 'lagMs'>,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + waitMsMax;
  while (loader.lagMs > busyLagMs && performance.now() < untilMs && !signal.aborted)
    await pause(100, signal);
}

/** The store, which leaves the machine to others: while they are behind, and as long as it worked itself. */
export const patientStore = (
  store: Store,
  loader: Pick<FilledBeside, 'lagMs'>,
  signal: AbortSignal,
): Pick<Store, 'insert' | 'read'> => ({
  read: (sql, options) => store.read(sql, options),
  async insert(batch) {
    await waitWhileBusy(loader, signal);
    const startedMs = performance.now();
    await store.insert(batch);
    await pause(performance.now() - startedMs, signal);
  },
});
