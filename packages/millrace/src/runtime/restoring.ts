import { readFileIfThere, replaceFile } from '../adapters/atomic-file.ts';
import { ArchivedLog } from '../archive/archived-log.ts';
import { Manifest } from '../archive/manifest.ts';
import { endUnfinished } from '../archive/unfinished-range.ts';
import { MillraceError } from '../errors.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Disk } from '../ports/disk.ts';
import { eventIdOf } from '../ports/event-line.ts';
import type { LogReader, LogRecord, LogWriter } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { DataFolder } from './data-folder.ts';

export interface RestoreOptions {
  readonly folder: DataFolder;
  readonly disk: Disk;
  readonly objects: ObjectStore;
  readonly decoder: ArchiveDecoder;
  readonly partition: number;
  readonly clock: Clock;
  readonly dedupWindowMs: number;
  readonly reach: ReachCrashPoint;
}

/** A folder that is being restored. */
export interface Restoring {
  /** What the archive has. */
  readonly archived: ArchivedLog;
  /** Where the folder's own log begins: what was appended within the dedup window is in it, with its ids. */
  readonly base: number;
}

/**
 * Begins to restore a folder, or goes on where a crash ended that.
 *
 * @throws MillraceError `restore_refused` if something else is in it; `history_incomplete` if the
 *   archive is empty; `archive_unavailable`, `archive_damaged`.
 */
export async function beginRestore(options: RestoreOptions): Promise<Restoring> {
  const { folder, disk, objects, decoder, partition, clock, dedupWindowMs, reach } = options;
  const kept = await readFileIfThere(disk, folder.restore);
  if (kept === null) {
    const isNew =
      (await disk.list(folder.eventLog)).length === 0 &&
      (await readFileIfThere(disk, folder.plan)) === null;
    if (!isNew) {
      throw new MillraceError('restore_refused', `${folder.root} has a pipeline in it already.`);
    }
    await endUnfinished(objects, decoder, partition);
  }
  const archived = await ArchivedLog.open({ objects, decoder, partition });
  if (archived === null) {
    throw new MillraceError('history_incomplete', 'The archive has nothing to restore.');
  }
  if (kept !== null) {
    const { base }: { readonly base: number } = JSON.parse(kept);
    return { archived, base };
  }
  const base = await archived.appendedSince(clock.now() - dedupWindowMs);
  await noteRestore(folder, disk, base);
  reach('restore-begun');
  return { archived, base };
}

/** Until it is ended the folder is one that is being restored. @param base as of `Restoring`. */
export const noteRestore = (folder: DataFolder, disk: Disk, base: number): Promise<void> =>
  replaceFile(disk, folder.restore, `${JSON.stringify({ base })}\n`);

/** Brings into the folder's log what the archive has of it. */
export async function refillLog(
  log: LogWriter & Pick<LogReader, 'end'>,
  archived: ArchivedLog,
): Promise<void> {
  const limits = { rowsMax: 5_000, bytesMax: 4 * 1024 * 1024 };
  while (log.end < archived.end) {
    const { end } = log;
    const slice = await archived.read(end, limits);
    const lines = Buffer.from(slice.lines).toString().split('\n').slice(0, -1);
    const records = lines.map((value): LogRecord => ({ key: eventIdOf(value), value }));
    const { appended } = await log.append(records);
    if (slice.from === end && appended === records.length) continue;
    throw new MillraceError(
      'archive_damaged',
      `The archive has offsets ${end} to ${slice.to}, but not each once, of events that came within one dedup window.`,
    );
  }
}

/**
 * Refuses to begin a log beside an archive of another: its offsets would be taken for
 * those that are archived, and never be.
 *
 * @throws MillraceError `restore_unfinished`, `archive_ahead`.
 */
export async function refuseLostLog(
  { folder, disk }: Pick<RestoreOptions, 'folder' | 'disk'>,
  log: Pick<LogReader, 'end'>,
  objects: ObjectStore | null,
  partition: number,
): Promise<void> {
  if ((await readFileIfThere(disk, folder.restore)) !== null) {
    throw new MillraceError('restore_unfinished', `${folder.root} is restored in part.`);
  }
  if (objects === null || log.end > 0) return;
  let end = 0;
  try {
    end = (await new Manifest(objects).end(partition)) ?? 0;
  } catch (error) {
    // The archiver says so, and the pipeline goes on meanwhile.
    if (!(error instanceof MillraceError) || error.code !== 'archive_unavailable') throw error;
  }
  if (end === 0) return;
  throw new MillraceError(
    'archive_ahead',
    `The archive has events up to offset ${end}, and ${folder.root} has none.`,
  );
}
