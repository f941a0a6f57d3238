import { clickHouseStore } from '../../adapters/clickhouse/clickhouse-store.ts';
import { TopicOffsets } from '../../adapters/kafka/topic-offsets.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { createStoredLetters } from '../../collect/stored-letters.ts';
import { eventsTable } from '../../compile/clickhouse/events-table.ts';
import { questionSelect } from '../../compile/clickhouse/question.ts';
import { bucketsSelect } from '../../compile/clickhouse/questions/asked-range.ts';
import { soughtEventsSelect } from '../../compile/clickhouse/sought-events.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import { readLive } from '../../observe/live.ts';
import { Rate } from '../../observe/rate.ts';
import { storageOf } from '../../observe/storage.ts';
import { exampleEvent } from '../../plan/example-event.ts';
import type { Plan } from '../../plan/plan.ts';
import { planOf } from '../../plan/plan-of.ts';
import type { Serving } from '../../plan/serving.ts';
import type { Cache } from '../../ports/cache.ts';
import type { Store } from '../../ports/store.ts';
import { createAnswering } from '../../query/answer-question.ts';
import { createFinding } from '../../query/find-events.ts';
import { questionLine } from '../../query/question-line.ts';
import { createSqlGuards } from '../../query/sql-guard/index.ts';
import { closingSignal } from '../../server/closing-signal.ts';
import { dashboardRoutes } from '../../server/dashboard/dashboard-routes.ts';
import { deadLetterRoutes } from '../../server/dead-letter-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { eventLookupRoutes } from '../../server/event-lookup-routes.ts';
import { healthRoutes } from '../../server/health-routes.ts';
import { createKeys } from '../../server/keys.ts';
import { liveRoutes } from '../../server/live-routes.ts';
import { describedRoutes } from '../../server/openapi/described-routes.ts';
import { openapiRoutes } from '../../server/openapi/openapi-routes.ts';
import { queryRoutes } from '../../server/query-routes.ts';
import { type Listening, listen } from '../../server/server.ts';
import { defaultSqlLimits } from '../../server/sql-limits.ts';
import { sqlRoutes } from '../../server/sql-routes.ts';
import { limitSettings } from '../../server/sql-settings.ts';
import { standInQuestions } from '../../server/sql-stand-ins.ts';
import { windowRoutes } from '../../server/window-routes.ts';
import { database } from '../database.ts';
import { every } from '../every.ts';
import { loadPipeline } from '../load-pipeline.ts';
import { openCache } from '../open-cache.ts';
import { version } from '../version.ts';
import { windowResultsOf } from '../window-results-of.ts';
import { AppliedWatch } from './applied-watch.ts';
import { knownTo } from './apply/known-to.ts';
import { byClock, CompletenessWatch } from './completeness-watch.ts';
import { distributedTables } from './distributed-tables.ts';
import { revisionOf } from './forget/cluster-forgotten.ts';
import { queryStatus } from './query-status.ts';
import { requireTables } from './require-tables.ts';
import { type RoleSettings, type RunningRole, requireKeys } from './role-settings.ts';
import { runRole } from './run-role.ts';
import { ServedRollups } from './served-rollups.ts';
import { ServedWindows } from './served-windows.ts';
import { type WatchedWindows, watchWindows } from './watched-windows.ts';

/** Without Kafka questions are answered all the same, from the events. */
const kafkaMsMax = 1_000;

/**
 * Answers questions over the cluster's store, and says up to when its tables
 * have everything. Any number of these may run. It needs no more of the store
 * than to read.
 *
 * @throws MillraceError `key_required`, `port_in_use`, `pipeline_not_found`, `pipeline_invalid`,
 *   `tables_missing`, `tables_differ`; StoreError.
 */
export async function serveQuery(
  settings: RoleSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  requireKeys(settings.host, settings.readKeys, 'query role');
  const definition = await loadPipeline(settings.pipeline);
  const kafka = { brokers: settings.kafka, clientId: `millrace-query-${process.pid}` };
  const applying = await AppliedWatch.open({
    ...{ kafka, plan: planOf(definition), patienceMs: kafkaMsMax, onProblem },
  });
  const { applied } = applying;
  const plan = planOf(definition, applied ? knownTo(applied, 'shown') : undefined);
  const store = clickHouseStore({
    url: settings.storeUrl,
    username: settings.storeUser,
    password: settings.storePassword,
    database,
  });
  const there = await requireTables(store, plan, database).catch(async (error: unknown) => {
    await applying.stop();
    await store.close();
    throw error;
  });
  applying.start();
  const rollups = new ServedRollups(plan, there, applying);
  const watch = new CompletenessWatch({
    offsets: new TopicOffsets(kafka),
    ways: () => rollups.ways,
    moment: byClock(systemClock),
    onProblem,
  });
  const served = new ServedWindows(plan, applying);
  const windows = watchWindows({ plan, kafka, windows: () => served.loaded, onProblem });
  const probe = storeProbe(store, onProblem);
  const rate = new Rate();
  const measuring = every(
    1_000,
    async () => {
      const accepted = watch.recordsIn(topicNames(plan).raw);
      if (accepted !== null) rate.sample(accepted, systemClock.now());
    },
    (error) => onProblem('the rate is not measured', error),
  );
  const cache = openCache(settings, plan, onProblem);
  const close = async (): Promise<void> => {
    await Promise.all([measuring.stop(), probe.stop(), watch.stop(), windows.stop()]);
    await applying.stop();
    await cache.close();
    await store.close();
  };
  const parts = { applying, plan, rollups, store, watch, served, windows, probe, rate, cache };
  return runRole(serve(settings, parts), close);
}

interface Parts {
  readonly applying: Pick<AppliedWatch, 'applied'>;
  readonly plan: Plan;
  readonly rollups: ServedRollups;
  readonly store: Store;
  readonly watch: CompletenessWatch;
  readonly served: ServedWindows;
  readonly windows: WatchedWindows;
  readonly probe: StoreProbe;
  readonly rate: Rate;
  readonly cache: Cache;
}

/** Beyond what a store's cores do at once, more only makes each slower. */
const questionsAtOnceMax = 32;

const tableOf = (serving: Serving): string =>
  serving.kind === 'rollup' ? serving.rollup.table : eventsTable;

async function serve(
  settings: RoleSettings,
  { applying, plan, rollups, store, watch, served, windows, probe, rate, cache }: Parts,
): Promise<Listening> {
  const startedAt = new Date();
  const { readable } = distributedTables(plan);
  const { writeKeys: write, readKeys: read } = settings;
  const keys = createKeys({ write, read, tables: readable });
  const { readerOf, requireRead } = keys;
  return listen(settings, async (app) => {
    const routes = describedRoutes(app);
    const line = questionLine({ atOnceMax: questionsAtOnceMax, closing: closingSignal(app) });
    app.setErrorHandler(answerError);
    refuseUnknownRoutes(app);
    await app.register(deadLetterRoutes, {
      letters: createStoredLetters(store),
      retry: async () => {
        throw new MillraceError(
          'retry_unavailable',
          'What answers questions in a cluster takes no events, so it cannot retry letters.',
        );
      },
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
      readerOf,
    });
    await app.register(queryRoutes, {
      answer: await createAnswering({
        plan,
        rollups: () => rollups.now,
        store,
        clock: systemClock,
        asOfMs: (serving) => watch.asOfMs(tableOf(serving)),
        versionOf: (serving) => {
          const version = watch.versionOf(tableOf(serving));
          return version && `${version}.${revisionOf(applying.applied?.forgotten)}`;
        },
        cache,
        line,
        statements: {
          answer: (question, serving) => questionSelect(question, serving, { database }),
          buckets: bucketsSelect,
        },
        settings: limitSettings(defaultSqlLimits),
        rowsReadMax: settings.questionRowsMax,
      }),
      readerOf,
    });
    await app.register(eventLookupRoutes, {
      find: createFinding({
        plan,
        rollups: () => rollups.now.map(({ rollup }) => rollup),
        store,
        clock: systemClock,
        asOfMs: () => watch.asOfMs(eventsTable),
        statement: (sought, of) => soughtEventsSelect(sought, of, { database }),
        settings: limitSettings(defaultSqlLimits),
        rowsReadMax: settings.questionRowsMax,
        line,
      }),
      readerOf,
    });
    await app.register(windowRoutes, {
      windows: windowResultsOf(plan, windows.runner, store, served.seen),
      readerOf,
    });
    const status = () =>
      queryStatus({ plan, rollups, store, watch, clock: systemClock, startedAt, rate });
    await app.register(liveRoutes, { read: () => readLive(status, null), readerOf });
    await app.register(healthRoutes, {
      status,
      storage: () => storageOf(plan, store),
      notReady: () => (probe.failing ? 'the store does not answer' : null),
      requireRead,
    });
    await app.register(dashboardRoutes, {
      plan: () => plan,
      example: exampleEvent(plan),
      readerOf,
    });
    await app.register(openapiRoutes, {
      plan,
      version,
      keysNeeded: { read: settings.readKeys.length > 0, write: settings.writeKeys.length > 0 },
      routes,
      requireRead,
    });
  });
}

interface StoreProbe {
  readonly failing: boolean;
  stop(): Promise<void>;
}

/** Asks the store now and then whether it answers. */
function storeProbe(store: Store, onProblem: (what: string, error: unknown) => void): StoreProbe {
  let failing = false;
  const asking = every(
    1_000,
    async (signal) => {
      await store.read('SELECT 1', { signal, settings: { max_execution_time: 5 } });
      failing = false;
    },
    (error) => {
      if (!failing) onProblem('the store does not answer', error);
      failing = true;
    },
  );
  return {
    get failing() {
      return failing;
    },
    stop: () => asking.stop(),
  };
}
