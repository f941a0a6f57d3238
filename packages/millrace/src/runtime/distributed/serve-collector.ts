import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../../adapters/system-clock.ts';
import { createAdmission } from '../../collect/admission.ts';
import { createCollector } from '../../collect/collector.ts';
import { planOf } from '../../plan/plan-of.ts';
import { collectorHealthRoutes } from '../../server/collector-health-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { ingestRoutes } from '../../server/ingest-routes.ts';
import { createKeys } from '../../server/keys.ts';
import { listen } from '../../server/server.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openCollectorLogs } from './collector-logs.ts';
import { collectorStatus } from './collector-status.ts';
import { type RoleSettings, type RunningRole, requireKeys } from './role-settings.ts';
import { runRole } from './run-role.ts';

const mebibyte = 1024 * 1024;
/** Enough for large requests to Kafka, and little when parsed. */
const admittedBytesMax = 16 * mebibyte;
const holdBackMsMax = 10_000;

/**
 * Takes events over HTTP and answers once Kafka has them, or while that is away
 * the disk, if it is given a data folder. Any number of these may run, each
 * with a folder of its own.
 *
 * @throws MillraceError `key_required`, `port_in_use`, `pipeline_not_found`, `pipeline_invalid`,
 *   `data_folder_in_use`, `log_corrupt`.
 */
export async function serveCollector(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  requireKeys(settings.host, settings.writeKeys, 'collector');
  const plan = planOf(await loadPipeline(settings.pipeline));
  const startedAt = new Date();
  const { data, spillMb } = settings;
  const logs = await openCollectorLogs({
    plan,
    kafka: { brokers: settings.kafka, clientId: `millrace-collector-${process.pid}` },
    clock: systemClock,
    spill: data === null ? null : { folder: join(data, 'spill'), bytesMax: spillMb * mebibyte },
    onProblem,
  });
  const collector = createCollector({
    plan,
    log: logs.events,
    deadLetters: logs.deadLetters,
    clock: systemClock,
  });
  const admission = createAdmission({
    // Who reads the topic behind is nobody's concern here: Kafka keeps what they have not read.
    log: { end: 0 },
    reader: { committed: 0, settled: async () => {} },
    recordsMax: 0,
    bytesMax: admittedBytesMax,
    waitMsMax: holdBackMsMax,
  });
  const notReady = (): string | null =>
    logs.spill?.isFull === true ? 'Kafka is away, and the spill is full' : null;
  const keys = createKeys({ write: settings.writeKeys, read: settings.readKeys });
  return runRole(
    listen(settings, async (app: FastifyInstance) => {
      app.setErrorHandler(answerError);
      refuseUnknownRoutes(app);
      await app.register(ingestRoutes, { collector, admission, keys });
      await app.register(collectorHealthRoutes, {
        notReady,
        status: () => collectorStatus({ plan, collector, logs, startedAt }),
        requireRead: keys.requireRead,
      });
    }),
    () => logs.close(),
  );
}
