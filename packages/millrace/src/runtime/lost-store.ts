import { readFileIfThere } from '../adapters/atomic-file.ts';
import { localProgress } from '../adapters/local-progress/local-progress.ts';
import { removeFile } from '../adapters/remove-file.ts';
import { baseOf } from '../adapters/segment-log/segment.ts';
import { ArchivedLog } from '../archive/archived-log.ts';
import { MillraceError } from '../errors.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { Disk } from '../ports/disk.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';
import type { DataFolder } from './data-folder.ts';
import { noteRestore } from './restoring.ts';

export interface LostStoreOptions {
  readonly store: Store & ArchiveDecoder;
  readonly disk: Disk;
  /** Of the archive; null without one. */
  readonly objects: ObjectStore | null;
  /** Whether to bring back from the archive what the log has forgotten. */
  readonly restore: boolean;
}

/** A row if the events' table is not there. */
const isGone =
  "SELECT 1 WHERE (SELECT count() FROM `system`.`tables` WHERE database = currentDatabase() AND name = 'events') = 0";

/**
 * Where the store was lost, and the logs are there from their first record on: forgets
 * what the store had, so that all of it is loaded again. To restore, the archive may have
 * what the log of events has forgotten; dead letters that theirs has forgotten are lost.
 *
 * @returns whether it was lost.
 * @throws MillraceError `store_lost` if the logs have forgotten what the store had;
 *   `history_incomplete` if the archive lacks some of it; `archive_unavailable`.
 */
export async function forgetLostStore(
  folder: DataFolder,
  { store, disk, objects, restore }: LostStoreOptions,
): Promise<boolean> {
  if ((await readFileIfThere(disk, folder.plan)) === null) return false;
  if ((await store.read(isGone)).bytes.length === 0) return false;
  const archived =
    restore && objects !== null
      ? await ArchivedLog.open({ objects, decoder: store, partition: 0 })
      : null;
  const eventsFrom = await firstOf(folder.eventLog, disk);
  const lettersFrom = await firstOf(folder.deadLetterLog, disk);
  for (const [log, from] of [
    [folder.eventLog, eventsFrom],
    [folder.deadLetterLog, lettersFrom],
  ] as const) {
    if (from === 0 || (archived !== null && from !== null)) continue;
    throw new MillraceError(
      'store_lost',
      `${folder.store} has nothing of what was stored, and ${log} has forgotten its first records.`,
    );
  }
  if (archived !== null && eventsFrom !== null) {
    requireArchived(archived, eventsFrom);
    await noteRestore(folder, disk, eventsFrom);
  }
  const { eventProgress, deadLetterProgress, windowProgress, windowVersions, rollupProgress } =
    folder;
  await removeFile(disk, eventProgress);
  await localProgress(deadLetterProgress, disk).save({ committed: lettersFrom ?? 0, intents: [] });
  // The plan last: while it is there, this is done again.
  for (const path of [windowProgress, windowVersions, rollupProgress, folder.plan]) {
    await removeFile(disk, path);
  }
  return true;
}

/** The offset of a log's first record; null if it has no file. */
async function firstOf(log: string, disk: Disk): Promise<number | null> {
  const bases = (await disk.list(log)).flatMap((name) => baseOf(name, '.log') ?? []);
  return bases.length === 0 ? null : Math.min(...bases);
}

function requireArchived({ start, end, missing }: ArchivedLog, before: number): void {
  if (start === 0 && missing === 0 && end >= before) return;
  throw new MillraceError(
    'history_incomplete',
    `The archive has offsets ${start} to ${end}${missing > 0 ? `, and lacks ${missing} of them` : ''}; the log begins at ${before}.`,
  );
}
