import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChdbEncoder } from '../../adapters/chdb/chdb-encoder.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Archiver } from '../../archive/archiver.ts';
import { Compactor } from '../../archive/compactor.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import { planOf } from '../../plan/plan-of.ts';
import { Turns } from '../../turns.ts';
import { crashOnDemand } from '../crash-on-demand.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openArchive } from '../open-archive.ts';
import { AppliedWatch } from './applied-watch.ts';
import { archivingPartition } from './archiving-partition.ts';
import {
  type ClusterForgotten,
  followForgotten,
  nothingForgotten,
} from './forget/cluster-forgotten.ts';
import { archiverGroup } from './group-names.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { runWorkingRole } from './run-role.ts';
import { sharePartitions } from './shared-partitions.ts';

/** Kafka is waited for at first. */
const kafkaMsMax = 30_000;

/**
 * Brings the clean log into the archive, each event once. Any number of these may
 * run: the partitions are shared among them, and go to the others when one dies.
 * How far it is, the archive says itself: the group commits nothing.
 *
 * @throws MillraceError `config_invalid` without a place for the archive, `port_in_use`,
 *   `pipeline_not_found`, `pipeline_invalid`, `log_unavailable`.
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
  const watch = await AppliedWatch.open({ kafka, plan, patienceMs: kafkaMsMax, onProblem });
  if (watch.applied === null) {
    await watch.stop();
    throw new MillraceError('log_unavailable', 'Kafka does not say who was forgotten.');
  }
  const forgotten = (): ClusterForgotten => watch.applied?.forgotten ?? nothingForgotten;
  const archivers = new Map<number, Archiver>();
  /** An order to forget somebody waits until their past is archived. */
  const hurry = (): void => {
    const cut = forgotten().underWay?.cut ?? [];
    for (const [partition, archiver] of archivers) archiver.hurry(cut[partition] ?? 0);
  };
  watch.start(async () => hurry());
  const folder = await mkdtemp(join(tmpdir(), 'millrace-archiver-'));
  const encoder = openChdbEncoder({
    folder,
    memoryBytesMax: settings.storeMemoryMb * 1024 * 1024,
  });
  const reach = crashOnDemand(process.env.MILLRACE_CRASH_AT);
  const turns = new Turns();
  const compactorOf = (partition: number): Compactor | null =>
    settings.archiveCompactRanges > 1
      ? new Compactor({
          ...{ ...archive, rewriter: encoder, partition, reach, turns, onRetry: onProblem },
          rangesMax: settings.archiveCompactRanges,
        })
      : null;
  const partitions = await sharePartitions({
    ...{ ...kafka, groupId: archiverGroup(plan), topics: [topic], onProblem },
    own: ({ partition }) =>
      archivingPartition({
        ...{ ...archive, kafka, topic, partition, encoder, clock: systemClock, reach },
        compactorOf,
        forgotten: followForgotten(forgotten, partition),
        onArchiver(archiver) {
          archivers.set(partition, archiver);
          hurry();
        },
        onProblem,
      }),
  });
  const notReady = (): string | null =>
    partitions.failing ? 'events do not get into the archive' : null;
  const close = async (): Promise<void> => {
    await watch.stop();
    await partitions.leave();
    await encoder.close();
    await rm(folder, { recursive: true });
  };
  return runWorkingRole(settings, notReady, close);
}
