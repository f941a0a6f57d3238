import { resultLines } from '../../../ports/result-rows.ts';
import type { Store } from '../../../ports/store.ts';
import type { Claim } from './claim.ts';

/** How long an insert may take to begin. Whoever sent it has lost the right to apply by then, if it slept. */
const insertMs = 60_000;

/**
 * Until when (epoch ms, in the store's time) what is inserted now may begin to land.
 *
 * @throws MillraceError `apply_in_progress` if another process may apply by now.
 */
export async function insertDeadline({
  store,
  claim,
}: {
  readonly store: Store;
  readonly claim: Claim;
}): Promise<number> {
  const sql = 'SELECT toUnixTimestamp64Milli(now64(3))';
  const [line = ''] = resultLines(await store.read(sql, { format: 'TSV' }));
  // In this order: one that sleeps after this comes later than the deadline.
  claim.sure();
  return Number(line) + insertMs;
}
