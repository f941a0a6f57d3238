import { commandKey } from '../server/read-key.ts';
import type { VerifyProgress, VerifyReport } from '../verify/report.ts';
import { askVerify } from './ask-verify.ts';
import { openEmbedded } from './embedded.ts';
import { type FolderSettings, folderOptions } from './folder-options.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type ArchiveSettings, openArchive } from './open-archive.ts';
import { ownerUrl } from './owner-url.ts';
import { verifying } from './verifying.ts';

export interface VerifyFolderSettings extends ArchiveSettings, FolderSettings {
  readonly pipeline: string;
  readonly readKeys: readonly string[];
  /** Whether to read the archive as far as it reaches, and the log behind it. */
  readonly withArchive: boolean;
}

export interface VerifyEvents {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: VerifyProgress) => void;
  readonly onProblem: (what: string, error: unknown) => void;
}

/**
 * Compares the log of a data folder with its store: in the process that has it
 * open, if one does, else in this one.
 *
 * @throws MillraceError what opening the data folder throws.
 */
export async function verifyFolder(
  settings: VerifyFolderSettings,
  { signal, onProgress, onProblem }: VerifyEvents,
): Promise<VerifyReport> {
  const url = await ownerUrl(settings.data);
  if (url !== null) {
    const key = commandKey(settings.readKeys);
    const path = settings.withArchive ? '/v1/verify?archive=true' : '/v1/verify';
    return askVerify(new URL(path, url), { key, signal, onProgress });
  }
  const embedded = await openEmbedded({
    pipeline: await loadPipeline(settings.pipeline),
    ...folderOptions(settings),
    // Nothing of the log goes while it is compared.
    logRetentionMs: null,
    archive: settings.withArchive ? await openArchive(settings) : null,
    onProblem,
  });
  try {
    await embedded.eventLoader.settled(embedded.events.end);
    const { history } = embedded;
    const log = settings.withArchive ? await history.withArchive() : history.log;
    return await verifying(embedded, log)(onProgress, signal);
  } finally {
    await embedded.close();
  }
}
