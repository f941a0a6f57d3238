import type { VerifyProgress, VerifyReport } from '../verify/report.ts';
import { askVerify } from './ask-verify.ts';
import { openEmbedded } from './embedded.ts';
import { loadPipeline } from './load-pipeline.ts';
import { ownerUrl } from './owner-url.ts';
import { verifying } from './verifying.ts';

export interface VerifyFolderSettings {
  readonly pipeline: string;
  readonly data: string;
  readonly readKeys: readonly string[];
  readonly dedupMemoryMb: number;
  readonly storeMemoryMb: number;
  readonly logSegmentMb: number;
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
    const [key] = settings.readKeys;
    return askVerify(new URL('/v1/verify', url), { key, signal, onProgress });
  }
  const embedded = await openEmbedded({
    pipeline: await loadPipeline(settings.pipeline),
    folder: settings.data,
    dedupMemoryBytesMax: settings.dedupMemoryMb * 1024 * 1024,
    storeMemoryBytesMax: settings.storeMemoryMb * 1024 * 1024,
    // Nothing of the log goes while it is compared.
    logRetentionMs: null,
    logSegmentBytes: settings.logSegmentMb * 1024 * 1024,
    onProblem,
  });
  try {
    await embedded.eventLoader.settled(embedded.events.end);
    return await verifying(embedded)(onProgress, signal);
  } finally {
    await embedded.close();
  }
}
