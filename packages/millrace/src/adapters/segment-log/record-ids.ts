import type { DedupIndex } from '../dedup-index/dedup-index.ts';

/** What the log needs of the dedup index, which its owner closes. */
export type RecordIds = Pick<
  DedupIndex,
  | 'admit'
  | 'forget'
  | 'load'
  | 'attach'
  | 'unload'
  | 'stopUnloading'
  | 'detach'
  | 'sliceMs'
  | 'slicesPerRunMax'
  | 'horizon'
  | 'advance'
>;
