import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbEncoder } from '../../adapters/chdb/chdb-encoder.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { ConsumerGroup, type Share } from '../../adapters/kafka/consumer-group.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import { planOf } from '../../plan/plan-of.ts';
import { aliveRoutes } from '../../server/alive-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { listen } from '../../server/server.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openArchive } from '../open-archive.ts';
import { ArchivingPartition } from './archiving-partition.ts';
import { archiverGroup } from './group-names.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runRole } from './run-role.ts';

/**
 * Brings the clean log into the archive, each event once. Any number of these may
 * run: the partitions are shared among them, and go to the others when one dies.
 * How far it is, the archive says itself: the group commits nothing.
 *
 * @throws MillraceError `config_invalid` without a place for the archive, `port_in_use`,
 *   `pipeline_not_found`, `pipeline_invalid`.
 */
export async function serveArchiver(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  const plan = planOf(await loadPipeline(settings.pipeline));
  const archive = await openArchive(settings);
  if (archive === null) {
    throw new MillraceError('config_invalid', 'The archiver needs a place for it: --archive.');
  }
  const { clean: topic } = topicNames(plan);
  const kafka: KafkaAddress = {
    brokers: settings.kafka,
    clientId: `millrace-archiver-${process.pid}`,
  };
  const folder = await mkdtemp(join(tmpdir(), 'millrace-archiver-'));
  const encoder = openChdbEncoder({
    folder,
    memoryBytesMax: settings.storeMemoryMb * 1024 * 1024,
  });
  const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
  let archivings: readonly ArchivingPartition[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(archivings.map((archiving) => archiving.stop()));
    archivings = [];
  };
  const takeOver = async ({ partitions }: Share): Promise<void> => {
    await stopAll();
    archivings = partitions.map(
      ({ partition }) =>
        new ArchivingPartition({
          ...{ ...archive, kafka, topic, partition, encoder, clock: systemClock, reach },
          onProblem,
        }),
    );
  };
  const group = await ConsumerGroup.join({
    ...{ ...kafka, groupId: archiverGroup(plan), topics: [topic], onShare: takeOver, onProblem },
  });
  const notReady = (): string | null =>
    archivings.some(({ failing }) => failing !== null)
      ? 'events do not get into the archive'
      : null;
  const close = async (): Promise<void> => {
    await stopAll();
    await group.leave();
    await encoder.close();
    await rm(folder, { recursive: true });
  };
  return runRole(
    listen(settings, async (app) => {
      app.setErrorHandler(answerError);
      refuseUnknownRoutes(app);
      await app.register(aliveRoutes, { notReady });
    }),
    close,
  );
}
