import { type CollectorOptions, createCollector, type Receipt } from './collector.ts';
import { MemoryLog } from './memory-log.suite.ts';
import { nativeBatch } from './native.ts';
import { readJson } from './read-json.ts';
import { shopPlan } from './shop-plan.suite.ts';

/** The time at which everything is collected in tests. */
export const now = Date.UTC(2026, 4, 1, 12);

export interface Collected extends Receipt {
  readonly log: MemoryLog;
  readonly deadLetters: MemoryLog;
}

/** Collects a body of Millrace's own shape into logs in memory. */
export async function collectJson(
  body: unknown,
  options: Partial<CollectorOptions> & { readonly lines?: boolean } = {},
): Promise<Collected> {
  const log = new MemoryLog();
  const deadLetters = new MemoryLog();
  const clock = { now: () => now };
  const collector = createCollector({ plan: shopPlan, log, deadLetters, clock, ...options });
  const bytes =
    body instanceof Uint8Array
      ? Buffer.from(body)
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const json = readJson(bytes, options.lines ?? false, collector.limits);
  return { ...(await collector.collect(nativeBatch(json))), log, deadLetters };
}
