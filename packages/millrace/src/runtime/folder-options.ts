import { dayMs } from '../plan/read-duration.ts';
import type { EmbeddedOptions } from './embedded.ts';

/** What everybody is told who opens a data folder. */
export interface FolderSettings {
  readonly data: string;
  readonly dedupMemoryMb: number;
  readonly storeMemoryMb: number;
  readonly logSegmentMb: number;
  /** Opening a folder sets it: who leaves it out would have letters deleted. */
  readonly deadLetterRetentionDays: number;
}

const mebibyte = 1024 * 1024;

/** The same in the units of who does the work. */
export const folderOptions = ({
  data,
  dedupMemoryMb,
  storeMemoryMb,
  logSegmentMb,
  deadLetterRetentionDays,
}: FolderSettings): Pick<
  EmbeddedOptions,
  'folder' | 'dedupMemoryBytesMax' | 'storeMemoryBytesMax' | 'logSegmentBytes' | 'deadLettersKeepMs'
> => ({
  folder: data,
  dedupMemoryBytesMax: dedupMemoryMb * mebibyte,
  storeMemoryBytesMax: storeMemoryMb * mebibyte,
  logSegmentBytes: logSegmentMb * mebibyte,
  deadLettersKeepMs: deadLetterRetentionDays * dayMs,
});
