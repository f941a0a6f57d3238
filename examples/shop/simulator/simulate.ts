import { setTimeout as sleep } from 'node:timers/promises';
import { type Delivery, deliveries } from './deliveries.ts';
import type { Ledger } from './ledger.ts';
import { type SenderOptions, send } from './sender.ts';
import type { ShopOptions } from './shop-events.ts';

export interface SimulateOptions extends SenderOptions, Omit<ShopOptions, 'now'> {
  readonly ledger: Ledger;
  /** Told of each event that was not answered as it was meant to be. */
  readonly onSurprise: (sentence: string) => void;
}

/**
 * Shoppers at work until the signal aborts. One request after the other, so
 * that what comes again has been answered before.
 *
 * @throws RefusedRequest when the collector takes no such requests, e.g. for want of a key.
 */
export async function simulate(options: SimulateOptions): Promise<void> {
  const { ledger, signal } = options;
  try {
    for (const delivery of deliveries({ ...options, now: Date.now })) {
      const waitMs = departure(delivery) - Date.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal });
      const receipt = await send(delivery, options);
      for (const surprise of ledger.record(delivery, receipt)) options.onSurprise(surprise);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A batch leaves with its last event. */
const departure = ({ events }: Delivery): number => events.at(-1)?.leavesAt ?? 0;
