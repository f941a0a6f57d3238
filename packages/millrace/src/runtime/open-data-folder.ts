import { crashOnDemand } from './crash-on-demand.ts';
import { type Embedded, openEmbedded } from './embedded.ts';
import { type FolderSettings, folderOptions } from './folder-options.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type ArchiveSettings, openArchive } from './open-archive.ts';

/** Of a command that works on a data folder, in the process that has it open or in its own. */
export interface DataFolderSettings extends ArchiveSettings, FolderSettings {
  readonly pipeline: string;
  readonly readKeys: readonly string[];
  readonly logRetentionHours: number;
}

/**
 * Opens a data folder in this process, for a command.
 *
 * @throws MillraceError what opening the data folder throws.
 */
export const openDataFolder = async (
  settings: DataFolderSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<Embedded> =>
  openEmbedded({
    pipeline: await loadPipeline(settings.pipeline),
    ...folderOptions(settings),
    logRetentionMs: settings.logRetentionHours * 3_600_000,
    archive: await openArchive(settings),
    reach: crashOnDemand(process.env.MILLRACE_CRASH_AT),
    onProblem,
  });
