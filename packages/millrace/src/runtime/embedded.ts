import { openChdbStore } from '../adapters/chdb/chdb-store.ts';
import type { DedupIndex } from '../adapters/dedup-index/dedup-index.ts';
import { localForgetProgress } from '../adapters/local-progress/local-forget-progress.ts';
import { localWindowProgress } from '../adapters/local-progress/local-window-progress.ts';
import { nodeDisk } from '../adapters/node-disk.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { Archiver } from '../archive/archiver.ts';
import { Compactor } from '../archive/compactor.ts';
import { type Admission, createAdmission } from '../collect/admission.ts';
import { type Collector, createCollector } from '../collect/collector.ts';
import { clickhouseDdl } from '../compile/clickhouse/ddl.ts';
import type { TableName } from '../compile/clickhouse/nodes.ts';
import { replaySource } from '../compile/clickhouse/rollup-replay.ts';
import { dropCopies } from '../compile/clickhouse/verify-rollups.ts';
import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import { forgetfulLog } from '../forget/forgetful-log.ts';
import { ForgettableArchive } from '../forget/forgettable-archive.ts';
import type { Forgetter } from '../forget/forgetter.ts';
import { Forgotten } from '../forget/forgotten.ts';
import { Leases } from '../leases.ts';
import type { Loader, LoaderOptions } from '../load/loader.ts';
import { defaults } from '../plan/defaults.ts';
import type { Change } from '../plan/difference.ts';
import type { Plan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { Disk } from '../ports/disk.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { readAgain } from '../rollups/read-again.ts';
import type { Replays } from '../rollups/replays.ts';
import { RollupFiller } from '../rollups/rollup-filler.ts';
import type { RollupTables } from '../rollups/rollup-tables.ts';
import { Turns } from '../turns.ts';
import type { WindowReplayer } from '../windows/window-replayer.ts';
import type { WindowReplays } from '../windows/window-replays.ts';
import type { WindowResults } from '../windows/window-results.ts';
import { WindowRunner } from '../windows/window-runner.ts';
import type { WindowTables } from '../windows/window-tables.ts';
import { applyPlan, planChange } from './apply-plan.ts';
import { readyWindow } from './apply-windows.ts';
import { dataFolder, keepNames, makeDataFolder } from './data-folder.ts';
import { database } from './database.ts';
import { every } from './every.ts';
import { fillStatements } from './fill-statements.ts';
import { leasedStore } from './leased-store.ts';
import { LifetimeCount } from './lifetime-count.ts';
import { forgetLostStore } from './lost-store.ts';
import type { Archive } from './open-archive.ts';
import { openForgetter, removeFoundEvents } from './open-forgetter.ts';
import { openLoaders } from './open-loaders.ts';
import { type LogSettings, openLogs } from './open-logs.ts';
import { openReplays } from './open-replays.ts';
import { openWindowReplays, runningWindow } from './open-window-replays.ts';
import { type ReplayHistory, replayHistory } from './replay-history.ts';
import { fillNews, switchNews } from './rollup-news.ts';
import { trimLogs } from './trim-logs.ts';
import { windowResultsOf } from './window-results-of.ts';

/**
 * Accepted events that wait for the store before senders are held back: some
 * seconds of work for a small machine, and enough for inserts of a good size.
 */
const backlogEventsMax = 300_000;
const holdBackMsMax = 10_000;
/** Enough for the log to write in large groups, and little when parsed. */
const admittedBytesMax = 16 * 1024 * 1024;

/** How often it is looked whether a window has ended. */
const windowPeriodMs = 500;

export interface EmbeddedOptions extends LogSettings {
  readonly pipeline: Pipeline;
  /** Where the log and the store are kept. */
  readonly folder: string;
  readonly storeMemoryBytesMax: number;
  /** How long a dead letter is kept in the store after it came. Default 90 days. */
  readonly deadLettersKeepMs?: number;
  /** How many events a changed rollup is filled with at a time. */
  readonly eventsPerFillStep?: number;
  /** Where events are archived; nowhere if left out. */
  readonly archive?: Archive | null;
  /** How many ranges of it are put together; nothing is if there are fewer than two. Default 0. */
  readonly archiveCompactRanges?: number;
  /** Whether to bring a folder back that was lost, from the archive. Default: no. */
  readonly restore?: boolean;
  /** How events are cut into inserts. */
  readonly inserts?: Pick<LoaderOptions, 'rowsMax' | 'rowsEnough' | 'rowsEnoughBeside'>;
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly openStore?: typeof openChdbStore;
  readonly reach?: ReachCrashPoint;
  /** Told of what went wrong and is being tried again, or needs a person. */
  readonly onProblem: (what: string, error: unknown) => void;
  /** Told, in a sentence, which rollups are being filled, and which are by now. */
  readonly onNews?: (sentence: string) => void;
}

/** The whole pipeline in this process. */
export interface Embedded {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly collector: Collector;
  /** Whoever hands events of others to the collector asks it first. */
  readonly admission: Admission;
  /** Every read of it holds up what would drop the table that is read. */
  readonly store: Store;
  /** The tables and views that readers may name. */
  readonly readable: readonly string[];
  /** Which tables of rollups there are, and how far each is. */
  readonly rollups: RollupTables;
  readonly filler: RollupFiller;
  readonly replays: Pick<Replays, 'begin' | 'back' | 'drop'>;
  /** Which tables of windows there are, and how far each is. */
  readonly windowTables: WindowTables;
  readonly windowReplayer: WindowReplayer;
  readonly windowReplays: Pick<WindowReplays, 'begin' | 'back' | 'drop'>;
  readonly forgotten: Forgotten;
  readonly forgetter: Forgetter;
  /** The log and what the archive has of it. */
  readonly history: ReplayHistory;
  /** What the definition has changed since the last start. */
  readonly changes: readonly Change[];
  readonly events: Log;
  readonly deadLetters: Log;
  readonly eventLoader: Loader;
  readonly deadLetterLoader: Loader;
  readonly windows: WindowRunner;
  /** Null without an archive. */
  readonly archiver: Archiver | null;
  /** Null without an archive, or where nothing of it is put together. */
  readonly compactor: Compactor | null;
  /** By the window's name. */
  readonly windowResults: ReadonlyMap<string, WindowResults>;
  readonly duplicates: LifetimeCount;
  readonly dedup: DedupIndex;
  /**
   * Makes everything accepted durable and queryable, then lets go of the folder.
   *
   * Returns how many events are in the log alone, because the store fails: the
   * next start stores them.
   */
  close(): Promise<number>;
}

/**
 * Opens the folder, repairs what a crash left behind, and runs.
 *
 * @throws MillraceError `data_folder_in_use`, `plan_conflict`, `log_corrupt`, `store_lost`, `archive_ahead`,
 *   `restore_unfinished`; to restore, also what `beginRestore` throws.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { clock = systemClock, disk = nodeDisk, reach = survive, onProblem } = options;
  const { onNews = () => {}, openStore = openChdbStore } = options;
  const { deadLettersKeepMs = defaults.deadLettersKeepMs } = options;
  const folder = dataFolder(options.folder);
  await makeDataFolder(folder, disk);
  const kept = {
    ...{ disk, keptAt: folder.plan, rollupsKeptAt: folder.rollupProgress },
    windowsKeptAt: folder.windowVersions,
  };
  const { after: expected } = await planChange(options.pipeline, kept);
  // Before all else, because the engine's lock on it guards the rest of the folder.
  const store = await openStore({
    folder: folder.store,
    database,
    partitionsPerInsertMax: expected.partitioning.partsPerInsertMax,
    memoryBytesMax: options.storeMemoryBytesMax,
  });
  await keepNames(folder, disk);
  // What a crash left of a comparison.
  await store.define(dropCopies(database));
  const letStoreGo = async (error: unknown): Promise<never> => {
    await store.close();
    throw error;
  };
  const objects = options.archive?.objects ?? null;
  const { restore = false } = options;
  if (await forgetLostStore(folder, { store, disk, objects, restore }).catch(letStoreGo)) {
    onNews('The store was lost; all of it is loaded from the log again.');
  }
  // Once more, because whoever had the folder open until now may have gone on with its rollups.
  const change = await planChange(options.pipeline, kept);
  const { after: plan } = change;

  const logs = await openLogs({
    ...{ ...options, folder, disk, clock, reach, objects, decoder: store },
    dedupWindowMs: plan.dedup.windowMs,
    restore,
  }).catch(letStoreGo);
  const { events, deadLetters, dedup } = logs;

  const tables = clickhouseDdl(plan, { database });
  // What was begun under the old plan is ended under it, so that a new rollup
  // filled from the store counts no event twice.
  const forgotten = await Forgotten.open(localForgetProgress(folder.forgetProgress, disk));
  const { events: eventLoader, deadLetters: deadLetterLoader } = await openLoaders({
    ...{ folder, disk, clock, store, logs, tables, reach, onProblem },
    // Only a store that was lost is loaded with what was forgotten since.
    forgetful: (log) => forgetfulLog(log, () => forgotten.offsets),
    inserts: options.inserts ?? {},
  });
  await removeFoundEvents(forgotten, store);
  const { tables: rollups, windowTables } = change;
  const cut = eventLoader.committed;
  await applyPlan(change, { ...kept, store, database, deadLettersKeepMs, clock, cut, reach });
  const leases = new Leases();
  const history = replayHistory({
    ...{ log: events, objects, decoder: store, partition: 0 },
    forgetful: (log) => forgetfulLog(log, () => forgotten.offsets),
  });
  const filler = new RollupFiller({
    tables: rollups,
    store,
    loader: eventLoader,
    leases,
    clock,
    eventsKeepMs: plan.keepMs,
    statements: fillStatements(database),
    ...(options.eventsPerFillStep ? { eventsPerStep: options.eventsPerFillStep } : {}),
    readAgain: (place, signal) =>
      readAgain(
        place,
        {
          ...{ tables: rollups, store, loader: eventLoader, clock, reach, onRetry: onProblem },
          history: history.upToCut,
          source: (rollup) => tableText(replaySource(rollup, database)),
          columns: tables.events.insertColumns,
          ...(options.eventsPerFillStep ? { rowsMax: options.eventsPerFillStep } : {}),
        },
        signal,
      ),
    reach,
    onSwitch: (now) => onNews(switchNews(now)),
    onRetry: onProblem,
  });
  const closing = new AbortController();
  const replays = openReplays({
    ...{ plan, tables: rollups, store, eventLoader, filler, history, reach, onNews },
    signal: closing.signal,
  });
  for (const place of rollups.in('filling')) {
    const goneMs = rollups.eventsGoneBeforeMs(plan.keepMs, clock.now());
    onNews(await fillNews(place, rollups.ready(place.rollup.name), { store, database, goneMs }));
  }
  const windows = new WindowRunner({
    windows: windowTables.live.map(runningWindow),
    store,
    log: events,
    loader: eventLoader,
    progress: localWindowProgress(folder.windowProgress, disk),
    clock,
    latenessMs: plan.allowedLatenessMs,
    reach,
  });
  await windows.recover();
  const readableStore = leasedStore(store, leases);
  const windowResults = windowResultsOf(
    plan,
    windows,
    readableStore,
    (window) => readyWindow(windowTables, window).window,
  );
  const { replays: windowReplays, replayer: windowReplayer } = openWindowReplays({
    ...{ plan, tables: windowTables, runner: windows, store, events, eventLoader },
    columns: tables.events.insertColumns,
    ...{ history, leases, clock, signal: closing.signal, reach, onRetry: onProblem, onNews },
    eventsGoneBeforeMs: () => rollups.eventsGoneBeforeMs(plan.keepMs, clock.now()),
    ...(options.eventsPerFillStep ? { eventsPerStep: options.eventsPerFillStep } : {}),
  });
  const archiving = options.archive && { ...options.archive, partition: 0, reach };
  const { archiveCompactRanges: rangesMax = 0 } = options;
  const compactor =
    archiving && rangesMax > 1
      ? new Compactor({
          ...{ ...archiving, rewriter: store, rangesMax, turns: new Turns(), onRetry: onProblem },
        })
      : null;
  const archiver = archiving
    ? new Archiver({
        ...{ ...archiving, log: history.log, encoder: store, clock, isWhole: true, compactor },
        onRetry: onProblem,
      })
    : null;
  const forgetter = openForgetter({
    ...{ plan, clock, reach, forgotten, events, deadLetters, store },
    ...{ eventLoader, deadLetterLoader, rollups, replays, windows, windowTables },
    readableLog: history.log,
    archive:
      objects === null || archiver === null
        ? null
        : new ForgettableArchive({ objects, files: store, partition: 0, archiver, reach }),
    logRetentionMs: options.logRetentionMs,
    onRetry: onProblem,
  });
  eventLoader.start();
  archiver?.start();
  deadLetterLoader.start();
  filler.goOn();
  windowReplayer.goOn();
  forgetter.start();

  const collector = createCollector({
    plan,
    log: events,
    deadLetters,
    clock,
    watermark: () => windows.watermarkMs,
  });
  const admission = createAdmission({
    log: events,
    reader: eventLoader,
    recordsMax: backlogEventsMax,
    bytesMax: admittedBytesMax,
    waitMsMax: holdBackMsMax,
  });
  const duplicates = await LifetimeCount.open(
    disk,
    folder.duplicates,
    () => collector.counters.duplicates,
  );
  const counting = every(
    1_000,
    () => duplicates.save(),
    (error) => onProblem('the count of duplicates is not saved', error),
  );
  const trimming = every(
    1_000,
    () =>
      trimLogs({
        ...{ events, deadLetters, eventLoader, deadLetterLoader, archiver },
        ...{ rollups, windowTables },
      }),
    (error) => onProblem('old segments of the log are not deleted', error),
  );

  const emitting = every(
    windowPeriodMs,
    (signal) => windows.advance(signal),
    (error) => onProblem('windows are not written', error),
  );

  return {
    plan,
    clock,
    collector,
    admission,
    store: readableStore,
    readable: tables.readable,
    rollups,
    filler,
    replays: {
      begin: async (order) => {
        forgetter.refuseWhileRemoving();
        return replays.begin(order);
      },
      back: (name) => replays.back(name),
      drop: (name) => replays.drop(name),
    },
    windowTables,
    windowReplayer,
    windowReplays: {
      begin: async (order) => {
        forgetter.refuseWhileRemoving();
        return windowReplays.begin(order);
      },
      back: (name) => windowReplays.back(name),
      drop: (name) => windowReplays.drop(name),
    },
    forgotten,
    forgetter,
    history,
    changes: change.changes,
    events,
    deadLetters,
    eventLoader,
    deadLetterLoader,
    windows,
    archiver,
    compactor,
    windowResults,
    duplicates,
    dedup,
    async close() {
      closing.abort(new MillraceError('shutting_down', 'This process is ending.'));
      await forgetter.stop();
      await Promise.all([trimming.stop(), counting.stop(), filler.stop(), archiver?.stop()]);
      await windowReplayer.stop();
      await duplicates.save();
      await Promise.all([eventLoader.drained(), deadLetterLoader.drained()]);
      await emitting.stop();
      await Promise.all([eventLoader.stop(), deadLetterLoader.stop()]);
      await logs.close();
      await store.close();
      return events.end - eventLoader.committed;
    },
  };
}

const tableText = ({ database: of, table }: TableName): string => `${of}.${table}`;
