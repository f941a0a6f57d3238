import type { DedupIndex } from '../adapters/dedup-index/dedup-index.ts';
import { openDedupIndex } from '../adapters/dedup-index/tiered-dedup-index.ts';
import { openSegmentLog } from '../adapters/segment-log/segment-log.ts';
import type { ArchivedLog } from '../archive/archived-log.ts';
import type { ArchiveDecoder } from '../ports/archive-decoder.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Disk } from '../ports/disk.ts';
import type { Log } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type DataFolder, hashKeyOf } from './data-folder.ts';
import { beginRestore, type Restoring, refillLog, refuseLostLog } from './restoring.ts';

/** How the logs of a folder are kept. */
export interface LogSettings {
  readonly dedupMemoryBytesMax: number;
  /** How long the logs keep what the store already has; null for ever. */
  readonly logRetentionMs: number | null;
  /** The size at which a log begins a new file. */
  readonly logSegmentBytes: number;
  /** How many ids of events are brought into one sorted file. */
  readonly idsPerRunMin?: number;
  /** How many ids stay in memory, if it is large enough, though such a file has them too. */
  readonly residentIdsMin?: number;
}

export interface OpenLogsOptions extends LogSettings {
  readonly folder: DataFolder;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly dedupWindowMs: number;
  /** Of the archive; null without one. */
  readonly objects: ObjectStore | null;
  readonly decoder: ArchiveDecoder;
  /** Whether to bring back from the archive what was lost. */
  readonly restore: boolean;
  readonly reach: ReachCrashPoint;
}

/** The logs of a folder, and the ids of what they were given. */
export interface OpenLogs {
  readonly events: Log;
  readonly deadLetters: Log;
  readonly dedup: DedupIndex;
  /** What the archive has of the events; null if the folder is not being restored. */
  readonly archived: ArchivedLog | null;
  close(): Promise<void>;
}

/**
 * Opens the logs, repairs what a crash left of them, and ends a restore up to the log.
 *
 * @throws MillraceError `log_corrupt`, `archive_ahead`, `restore_unfinished`; to restore, also
 *   what `beginRestore` throws.
 */
export async function openLogs(options: OpenLogsOptions): Promise<OpenLogs> {
  const { folder, disk, clock, dedupWindowMs, objects, reach } = options;
  const { idsPerRunMin, residentIdsMin } = options;
  const dedup = openDedupIndex({
    windowMs: dedupWindowMs,
    memoryBytesMax: options.dedupMemoryBytesMax,
    spillFolder: folder.spilledIds,
    hashKey: await hashKeyOf(folder, disk),
    disk,
    ...(residentIdsMin === undefined ? {} : { residentIdsMin }),
  });
  const logOptions = {
    clock,
    disk,
    retentionMs: options.logRetentionMs,
    segmentBytes: options.logSegmentBytes,
  };
  const opened: Log[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((log) => log.close()));
    dedup.close();
  };
  try {
    const restoring = options.restore ? await restore(options) : null;
    const events = await openSegmentLog({
      ...{ ...logOptions, folder: folder.eventLog, dedup, reach },
      ...(idsPerRunMin ? { idsPerRunMin } : {}),
      ...(restoring ? { base: restoring.base } : {}),
    });
    opened.push(events);
    if (restoring) await refillLog(events, restoring.archived);
    else await refuseLostLog({ folder, disk }, events, objects, 0);
    const deadLetters = await openSegmentLog({ ...logOptions, folder: folder.deadLetterLog });
    opened.push(deadLetters);
    return { events, deadLetters, dedup, archived: restoring?.archived ?? null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Null where there is nothing to restore from. */
const restore = async ({ objects, ...options }: OpenLogsOptions): Promise<Restoring | null> =>
  objects && beginRestore({ ...options, objects, partition: 0 });
