import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDedupIndex } from '../adapters/dedup-index/tiered-dedup-index.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import type { SeenIds } from '../import/chunks.ts';
import { httpTarget } from '../import/http-target.ts';
import { localTarget } from '../import/local-target.ts';
import { type ImportProgress, runImport } from '../import/run-import.ts';
import type { ImportSummary } from '../import/tally.ts';
import type { ImportTarget } from '../import/target.ts';
import type { Plan } from '../plan/plan.ts';
import { planOf } from '../plan/plan-of.ts';
import { commandKey } from '../server/read-key.ts';
import { crashOnDemand } from './crash-on-demand.ts';
import { openClusterImport } from './distributed/cluster-import.ts';
import { openEmbedded } from './embedded.ts';
import { type FolderSettings, folderOptions } from './folder-options.ts';
import { loadMapping } from './load-mapping.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type ArchiveSettings, openArchive } from './open-archive.ts';
import { ownerUrl } from './owner-url.ts';

export interface ImportFileSettings extends ArchiveSettings, FolderSettings {
  /** What to import, and the mapping that says how. */
  readonly file: string;
  readonly mapping: string;
  readonly pipeline: string;
  /** `host:port` of some brokers of the cluster that gets the rows; none if it is the data folder. */
  readonly kafka: readonly string[];
  readonly readKeys: readonly string[];
  readonly logRetentionHours: number;
  /** Import although the file was imported with another mapping. */
  readonly again: boolean;
}

export interface ImportEvents {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImportProgress) => void;
  /** Told of what goes wrong and is tried again. */
  readonly onProblem: (what: string, error: unknown) => void;
}

/**
 * Imports a file into a cluster, or into the pipeline of a data folder: into the
 * process that has it open, if one does, else in this one.
 *
 * @throws MillraceError what `runImport`, and opening the data folder or the cluster throw.
 */
export async function importFile(
  settings: ImportFileSettings,
  events: ImportEvents,
): Promise<ImportSummary> {
  const { definition, digest } = await loadMapping(settings.mapping);
  const pipeline = await loadPipeline(settings.pipeline);
  const opened =
    settings.kafka.length > 0
      ? await openCluster(pipeline, digest, settings, events)
      : await openFolder(pipeline, settings, events);
  const { folder, plan, target } = opened;
  try {
    // What a killed import left behind.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const seen = openSeenIds(folder);
    try {
      const { file: path, again } = settings;
      const { signal, onProgress } = events;
      const shared = { plan, target, folder, seen, signal, onProgress };
      return await runImport({ ...shared, path, definition, mapping: digest, again });
    } finally {
      seen.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await opened.close();
  }
}

interface OpenedTarget {
  readonly plan: Plan;
  readonly target: ImportTarget;
  /** For what does not fit into memory; nobody else's. */
  readonly folder: string;
  close(): Promise<void>;
}

async function openCluster(
  pipeline: Pipeline,
  mapping: string,
  { kafka }: ImportFileSettings,
  { onProblem }: ImportEvents,
): Promise<OpenedTarget> {
  const plan = planOf(pipeline);
  const { target, close } = await openClusterImport({
    ...{ plan, mapping },
    kafka: { brokers: kafka, clientId: `millrace-import-${process.pid}` },
    clock: systemClock,
    reach: crashOnDemand(process.env.MILLRACE_CRASH_AT),
    onProblem,
  });
  return { plan, target, folder: await temporaryFolder(), close };
}

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'millrace-import-'));

async function openFolder(
  pipeline: Pipeline,
  settings: ImportFileSettings,
  { onProblem }: ImportEvents,
): Promise<OpenedTarget> {
  try {
    const embedded = await openEmbedded({
      pipeline,
      ...folderOptions(settings),
      logRetentionMs: settings.logRetentionHours * 3_600_000,
      archive: await openArchive(settings),
      reach: crashOnDemand(process.env.MILLRACE_CRASH_AT),
      onProblem,
    });
    const { plan, collector, events, eventLoader } = embedded;
    const target = localTarget({ collector, log: events, loader: eventLoader });
    const folder = join(settings.data, 'importing');
    return {
      plan,
      target,
      folder,
      close: async () => {
        await embedded.close();
      },
    };
  } catch (error) {
    const inUse = error instanceof MillraceError && error.code === 'data_folder_in_use';
    const url = inUse ? await ownerUrl(settings.data) : null;
    if (url === null) throw error;
    return {
      plan: planOf(pipeline),
      target: httpTarget(url, commandKey(settings.readKeys)),
      folder: await temporaryFolder(),
      close: async () => {},
    };
  }
}

const seenMemoryBytesMax = 256 * 1024 * 1024;

/** All ids of one file are of one moment: however long the import takes, none of them is forgotten. */
const theMoment = 0;

function openSeenIds(folder: string): SeenIds & { close(): void } {
  const index = openDedupIndex({
    windowMs: 86_400_000,
    memoryBytesMax: seenMemoryBytesMax,
    spillFolder: folder,
    hashKey: randomBytes(16),
  });
  return {
    admit(ids) {
      const { fresh } = index.admit(ids, theMoment);
      index.advance(theMoment);
      return fresh;
    },
    close: () => index.close(),
  };
}
