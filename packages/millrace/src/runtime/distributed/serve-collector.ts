import type { FastifyInstance } from 'fastify';
import { openTopicWriter, type TopicWriter } from '../../adapters/kafka/topic-writer.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createAdmission } from '../../collect/admission.ts';
import { createCollector } from '../../collect/collector.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { planOf } from '../../plan/plan-of.ts';
import { aliveRoutes } from '../../server/alive-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { ingestRoutes } from '../../server/ingest-routes.ts';
import { createKeys } from '../../server/keys.ts';
import { listen } from '../../server/server.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { type RoleSettings, type RunningRole, requireKeys } from './role-settings.ts';

/** Enough for large requests to Kafka, and little when parsed. */
const admittedBytesMax = 16 * 1024 * 1024;
const holdBackMsMax = 10_000;

/**
 * Takes events over HTTP and answers once Kafka has them. Any number of these
 * may run.
 *
 * @throws MillraceError `key_required`, `port_in_use`, `pipeline_not_found`, `pipeline_invalid`.
 */
export async function serveCollector(settings: RoleSettings): Promise<RunningRole> {
  requireKeys(settings.host, settings.writeKeys, 'collector');
  const plan = planOf(await loadPipeline(settings.pipeline));
  const topics = topicNames(plan);
  const kafka = {
    brokers: settings.kafka,
    clientId: `millrace-collector-${process.pid}`,
    clock: systemClock,
  };
  const log = openTopicWriter({ ...kafka, topic: topics.raw });
  const deadLetters = openTopicWriter({ ...kafka, topic: topics.deadLetters });
  const collector = createCollector({ plan, log, deadLetters, clock: systemClock });
  const admission = createAdmission({
    // Who reads the topic behind is nobody's concern here: Kafka keeps what they have not read.
    log: { end: 0 },
    reader: { committed: 0, settled: async () => {} },
    recordsMax: 0,
    bytesMax: admittedBytesMax,
    waitMsMax: holdBackMsMax,
  });
  const keys = createKeys({ write: settings.writeKeys, read: settings.readKeys });
  try {
    const server = await listen(settings, async (app: FastifyInstance) => {
      app.setErrorHandler(answerError);
      refuseUnknownRoutes(app);
      await app.register(ingestRoutes, { collector, admission, keys });
      await app.register(aliveRoutes, { notReady: () => null });
    });
    return {
      url: server.url,
      async close() {
        await server.close();
        await closeAll(log, deadLetters);
      },
    };
  } catch (error) {
    await closeAll(log, deadLetters);
    throw error;
  }
}

async function closeAll(...writers: readonly TopicWriter[]): Promise<void> {
  await Promise.all(writers.map((writer) => writer.close()));
}
