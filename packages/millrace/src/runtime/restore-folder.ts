import { rm } from 'node:fs/promises';
import { nodeDisk } from '../adapters/node-disk.ts';
import { MillraceError } from '../errors.ts';
import { pause } from '../pause.ts';
import { crashOnDemand } from './crash-on-demand.ts';
import { dataFolder } from './data-folder.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { type FolderSettings, folderOptions } from './folder-options.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type ArchiveSettings, openArchive } from './open-archive.ts';

export interface RestoreFolderSettings extends ArchiveSettings, FolderSettings {
  readonly pipeline: string;
  readonly logRetentionHours: number;
}

export interface RestoreProgress {
  /** Events that the store has, … */
  readonly done: number;
  /** … of those that the archive has. */
  readonly of: number;
}

export interface RestoreEvents {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RestoreProgress) => void;
  readonly onProblem: (what: string, error: unknown) => void;
}

const lookMs = 250;

/**
 * Makes a data folder that was lost from the archive: the events, the rollups, and as
 * much of the log as duplicates are told by.
 *
 * @returns how far it came: all the way, or until the signal; the next call goes on from there.
 * @throws MillraceError what opening a data folder to restore it throws.
 */
export async function restoreFolder(
  settings: RestoreFolderSettings,
  { signal, onProgress, onProblem }: RestoreEvents,
): Promise<RestoreProgress> {
  const archive = await openArchive(settings);
  if (archive === null) {
    throw new MillraceError('config_invalid', '--archive says where to restore from.');
  }
  const embedded = await openEmbedded({
    pipeline: await loadPipeline(settings.pipeline),
    ...folderOptions(settings),
    logRetentionMs: settings.logRetentionHours * 3_600_000,
    archive,
    restore: true,
    reach: crashOnDemand(process.env.MILLRACE_CRASH_AT),
    onProblem,
  });
  const { done, of } = await loaded(embedded, signal, onProgress);
  // To close would be to load all the rest first; it bears being left as by a crash.
  if (done < of) return { done, of };
  await embedded.close();
  await endRestore(settings.data);
  return { done, of };
}

/** What was restored can be run from now on. Nobody may have it open. */
export async function endRestore(data: string): Promise<void> {
  const { root, restore } = dataFolder(data);
  await rm(restore, { force: true });
  await nodeDisk.syncFolder(root);
}

async function loaded(
  { eventLoader, events }: Embedded,
  signal: AbortSignal,
  onProgress: (progress: RestoreProgress) => void,
): Promise<RestoreProgress> {
  const progress = (): RestoreProgress => ({ done: eventLoader.committed, of: events.end });
  while (progress().done < progress().of && !signal.aborted) {
    onProgress(progress());
    await pause(lookMs, signal);
  }
  return progress();
}
