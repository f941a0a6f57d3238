import type { Performing } from './perform.ts';
import type { RollupFill, RollupVersion } from './rollup-version.ts';

/** What filling a version takes. */
export type Filling = Pick<Performing, 'claim' | 'store' | 'clock' | 'tell' | 'reach' | 'onFill'>;

export type FilledVersion = RollupVersion & { readonly fill: RollupFill };

/** A version that is being filled, as it was kept last. */
export function filledVersion(table: string, { claim }: Pick<Filling, 'claim'>): FilledVersion {
  const version = claim.applied.rollups[table];
  if (version === undefined || version.fill === null)
    throw new Error(`${table} is not being filled`);
  return { ...version, fill: version.fill };
}
