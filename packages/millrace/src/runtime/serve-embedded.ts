import { rm } from 'node:fs/promises';
import { replaceFile } from '../adapters/atomic-file.ts';
import { readersMax } from '../adapters/chdb/engine.ts';
import { localAlertProgress } from '../adapters/local-progress/local-alert-progress.ts';
import { nodeDisk } from '../adapters/node-disk.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createRetryLetters } from '../collect/retry-letters.ts';
import { createStoredLetters } from '../collect/stored-letters.ts';
import { questionSelect } from '../compile/clickhouse/question.ts';
import { bucketsSelect } from '../compile/clickhouse/questions/asked-range.ts';
import { soughtEventsSelect } from '../compile/clickhouse/sought-events.ts';
import { MillraceError } from '../errors.ts';
import { localTarget } from '../import/local-target.ts';
import { readLive } from '../observe/live.ts';
import { Rate } from '../observe/rate.ts';
import { storageOf } from '../observe/storage.ts';
import type { Change } from '../plan/difference.ts';
import { exampleEvent } from '../plan/example-event.ts';
import type { Plan } from '../plan/plan.ts';
import { createAnswering } from '../query/answer-question.ts';
import { createFinding } from '../query/find-events.ts';
import { questionLine } from '../query/question-line.ts';
import { createSqlGuards } from '../query/sql-guard/index.ts';
import { isLoopback } from '../server/address.ts';
import { closingSignal } from '../server/closing-signal.ts';
import { dashboardRoutes } from '../server/dashboard/dashboard-routes.ts';
import { deadLetterRoutes } from '../server/dead-letter-routes.ts';
import { answerError, refuseUnknownRoutes } from '../server/error-answer.ts';
import { eventLookupRoutes } from '../server/event-lookup-routes.ts';
import { forgetRoutes } from '../server/forget-routes.ts';
import { healthRoutes } from '../server/health-routes.ts';
import { importRoutes } from '../server/import-routes.ts';
import { ingestRoutes } from '../server/ingest-routes.ts';
import { createKeys } from '../server/keys.ts';
import { liveRoutes } from '../server/live-routes.ts';
import { describedRoutes } from '../server/openapi/described-routes.ts';
import { openapiRoutes } from '../server/openapi/openapi-routes.ts';
import { queryRoutes } from '../server/query-routes.ts';
import { replayRoutes } from '../server/replay-routes.ts';
import { listen } from '../server/server.ts';
import { defaultSqlLimits } from '../server/sql-limits.ts';
import { sqlRoutes } from '../server/sql-routes.ts';
import { limitSettings } from '../server/sql-settings.ts';
import { standInQuestions } from '../server/sql-stand-ins.ts';
import { verifyRoutes } from '../server/verify-routes.ts';
import { windowRoutes } from '../server/window-routes.ts';
import type { AlertCaller } from '../windows/alert-caller.ts';
import { alertCaller, requireWebhookSecret, windowOf } from './alerts.ts';
import { readyWindow } from './apply-windows.ts';
import { crashOnDemand } from './crash-on-demand.ts';
import { dataFolder } from './data-folder.ts';
import { database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { embeddedStatus } from './embedded-status.ts';
import { every } from './every.ts';
import { type FolderSettings, folderOptions } from './folder-options.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type ArchiveSettings, openArchive } from './open-archive.ts';
import { openCache } from './open-cache.ts';
import { replayDesk } from './replay-desk.ts';
import { verifying } from './verifying.ts';
import { version } from './version.ts';

export interface ServeSettings extends ArchiveSettings, FolderSettings {
  readonly pipeline: string;
  readonly host: string;
  readonly port: number;
  readonly writeKeys: readonly string[];
  readonly readKeys: readonly string[];
  readonly webhookSecret: string;
  /** What a question may read of a table. */
  readonly questionRowsMax: number;
  readonly logRetentionHours: number;
  readonly archiveCompactRanges: number;
}

export interface Running {
  readonly url: string;
  readonly plan: Plan;
  /** What the definition has changed since the last start. */
  readonly changes: readonly Change[];
  readonly folder: string;
  /**
   * Answers what is under way, stores everything accepted, lets go of the folder.
   *
   * Returns how many events are in the log alone, because the store fails: the
   * next start stores them.
   */
  close(): Promise<number>;
}

/**
 * Runs a pipeline in this process and answers for it over HTTP.
 *
 * @param onProblem told of what goes wrong and is tried again.
 * @param onNews told of rollups that are being filled.
 * @throws MillraceError `key_required`, `webhook_secret_required`, `port_in_use`, `pipeline_not_found`,
 *   `pipeline_invalid`, and what opening the data folder throws.
 */
export async function serveEmbedded(
  settings: ServeSettings,
  onProblem: (what: string, error: unknown) => void,
  onNews: (sentence: string) => void,
): Promise<Running> {
  requireKeysOffLoopback(settings);
  const startedAt = new Date();
  const pipeline = await loadPipeline(settings.pipeline);
  requireWebhookSecret(pipeline, settings.webhookSecret);
  const embedded = await openEmbedded({
    pipeline,
    ...folderOptions(settings),
    logRetentionMs: settings.logRetentionHours * 3_600_000,
    archive: await openArchive(settings),
    archiveCompactRanges: settings.archiveCompactRanges,
    reach: crashOnDemand(process.env.MILLRACE_CRASH_AT),
    onProblem,
    onNews,
  });
  const { plan, collector, admission, store, readable, rollups, eventLoader } = embedded;
  const rate = new Rate();
  const measuring = every(
    1_000,
    async () => rate.sample(collector.counters.accepted, systemClock.now()),
    (error) => onProblem('the rate is not measured', error),
  );
  const letters = createStoredLetters(store);
  const served = () => plan.rollups.flatMap(({ name }) => rollups.ready(name) ?? []);
  const asOfMs = () => embedded.clock.now() - eventLoader.lagMs;
  // They begin once everything else does.
  let alerts: readonly AlertCaller[] = [];
  const status = () => embeddedStatus(embedded, { version, startedAt, rate, alerts });

  const server = await listen(settings, async (app) => {
    const { writeKeys: write, readKeys: read } = settings;
    const keys = createKeys({ write, read, tables: readable });
    const routes = describedRoutes(app);
    const line = questionLine({ atOnceMax: readersMax, closing: closingSignal(app) });
    app.setErrorHandler(answerError);
    refuseUnknownRoutes(app);
    await app.register(ingestRoutes, { collector, admission, keys });
    await app.register(importRoutes, {
      target: localTarget({ collector, log: embedded.events, loader: eventLoader }),
      admission,
      limits: collector.limits,
      requireRead: keys.requireRead,
    });
    await app.register(deadLetterRoutes, {
      letters,
      retry: createRetryLetters({ letters, collector, admission, clock: embedded.clock }),
      keys,
    });
    await app.register(sqlRoutes, {
      store,
      // What clients name where nobody told them a name.
      databases: [database, 'default'],
      guardOf: createSqlGuards({
        store,
        tables: readable,
        database,
        databaseAliases: ['default'],
        standIns: standInQuestions(store, defaultSqlLimits),
      }),
      readerOf: keys.readerOf,
    });
    await app.register(queryRoutes, {
      answer: await createAnswering({
        plan,
        rollups: served,
        store,
        clock: embedded.clock,
        asOfMs,
        versionOf: () => `${eventLoader.committed}.${embedded.forgotten.revision}`,
        cache: openCache({ redisUrl: '' }, plan, onProblem),
        line,
        statements: {
          answer: (question, serving) => questionSelect(question, serving, { database }),
          buckets: bucketsSelect,
        },
        settings: limitSettings(defaultSqlLimits),
        rowsReadMax: settings.questionRowsMax,
      }),
      readerOf: keys.readerOf,
    });
    await app.register(eventLookupRoutes, {
      find: createFinding({
        plan,
        rollups: () => served().map(({ rollup }) => rollup),
        store,
        clock: embedded.clock,
        asOfMs,
        statement: (sought, of) => soughtEventsSelect(sought, of, { database }),
        settings: limitSettings(defaultSqlLimits),
        rowsReadMax: settings.questionRowsMax,
        line,
      }),
      readerOf: keys.readerOf,
    });
    await app.register(windowRoutes, {
      windows: embedded.windowResults,
      readerOf: keys.readerOf,
    });
    await app.register(verifyRoutes, {
      verify: async (onProgress, signal, withArchive) => {
        const log = withArchive ? await embedded.history.withArchive() : embedded.history.log;
        return verifying(embedded, log)(onProgress, signal);
      },
      requireRead: keys.requireRead,
    });
    await app.register(replayRoutes, {
      replays: replayDesk(embedded),
      requireRead: keys.requireRead,
    });
    await app.register(forgetRoutes, {
      orders: {
        order: (request) => embedded.forgetter.order(request),
        orders: () => embedded.forgetter.orders,
      },
      requireRead: keys.requireRead,
    });
    await app.register(liveRoutes, {
      read: () => readLive(status, embedded.history.log),
      readerOf: keys.readerOf,
    });
    await app.register(healthRoutes, {
      status,
      storage: () => storageOf(plan, store),
      notReady: () => (eventLoader.failing === null ? null : 'events do not get into the store'),
      requireRead: keys.requireRead,
    });
    await app.register(dashboardRoutes, {
      plan: () => ({
        ...plan,
        rollups: plan.rollups.map((rollup) => rollups.ready(rollup.name)?.rollup ?? rollup),
      }),
      example: exampleEvent(plan),
      readerOf: keys.readerOf,
    });
    await app.register(openapiRoutes, {
      plan,
      version,
      keysNeeded: { read: settings.readKeys.length > 0, write: settings.writeKeys.length > 0 },
      routes,
      requireRead: keys.requireRead,
    });
  }).catch(async (error: unknown) => {
    await embedded.close();
    throw error;
  });

  const { owner, alertProgress } = dataFolder(settings.data);
  alerts = plan.alerts.map((alert) => {
    const seen = () => readyWindow(embedded.windowTables, windowOf(alert, plan));
    return alertCaller(alert, {
      ...{ plan, store: embedded.store, clock: embedded.clock, onProblem },
      ...{ seen: () => seen().window, definedAs: seen().definedAs },
      runner: embedded.windows,
      secret: settings.webhookSecret,
      progress: localAlertProgress(alertProgress(alert.name)),
    });
  });
  embedded.forgetter.mindTellers(alerts);
  for (const alert of alerts) alert.start();
  await replaceFile(nodeDisk, owner, `${JSON.stringify({ pid: process.pid, url: server.url })}\n`);
  return {
    url: server.url,
    plan,
    changes: embedded.changes,
    folder: settings.data,
    async close() {
      await server.close();
      await measuring.stop();
      await Promise.all(alerts.map((alert) => alert.stop()));
      const unstored = await embedded.close();
      await rm(owner, { force: true });
      return unstored;
    },
  };
}

function requireKeysOffLoopback({ host, writeKeys, readKeys }: ServeSettings): void {
  if (isLoopback(host) || (writeKeys.length > 0 && readKeys.length > 0)) return;
  throw new MillraceError(
    'key_required',
    `Bound to ${host}, Millrace can be reached from other machines, so it needs write keys and read keys.`,
  );
}
