import type { Performing } from './perform.ts';

/**
 * Changes what is in the store, for as long as nobody else may be at it.
 *
 * @throws MillraceError `apply_in_progress`; StoreError.
 */
export async function define(
  statements: readonly string[],
  { store, claim }: Pick<Performing, 'store' | 'claim'>,
): Promise<void> {
  for (const statement of statements) {
    claim.sure();
    await store.define(statement);
  }
}
