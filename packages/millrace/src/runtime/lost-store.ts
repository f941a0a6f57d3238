import { basename } from 'node:path';
import { readFileIfThere } from '../adapters/atomic-file.ts';
import { removeFile } from '../adapters/remove-file.ts';
import { segmentPath } from '../adapters/segment-log/segment.ts';
import { MillraceError } from '../errors.ts';
import type { Disk } from '../ports/disk.ts';
import type { Store } from '../ports/store.ts';
import type { DataFolder } from './data-folder.ts';

/** A row if the events' table is not there. */
const isGone =
  "SELECT 1 WHERE (SELECT count() FROM `system`.`tables` WHERE database = currentDatabase() AND name = 'events') = 0";

/**
 * Where the store was lost, and the logs are there from their first record on: forgets
 * what the store had, so that all of it is loaded again.
 *
 * @returns whether it was lost.
 * @throws MillraceError `store_lost` if the logs have forgotten what the store had.
 */
export async function forgetLostStore(
  folder: DataFolder,
  { store, disk }: { readonly store: Store; readonly disk: Disk },
): Promise<boolean> {
  if ((await readFileIfThere(disk, folder.plan)) === null) return false;
  if ((await store.read(isGone)).bytes.length === 0) return false;
  const first = basename(segmentPath('', 0));
  for (const log of [folder.eventLog, folder.deadLetterLog]) {
    if ((await disk.list(log)).includes(first)) continue;
    throw new MillraceError(
      'store_lost',
      `${folder.store} has nothing of what was stored, and ${log} has forgotten its first records.`,
    );
  }
  const { eventProgress, deadLetterProgress, windowProgress, windowVersions, rollupProgress } =
    folder;
  // The plan last: while it is there, this is done again.
  const loads = [eventProgress, deadLetterProgress];
  for (const path of [...loads, windowProgress, windowVersions, rollupProgress, folder.plan]) {
    await removeFile(disk, path);
  }
  return true;
}
