import { eventsTable } from '../compile/clickhouse/events-table.ts';
import type { WindowSource } from '../compile/clickhouse/window-range.ts';
import {
  createWindowHistory,
  createWindowVersion,
  dropWindowHistory,
  dropWindowVersion,
  resultsFromBefore,
  showWindowVersion,
  windowEvents,
  windowEventsBy,
  windowHistory,
  windowReplaySource,
} from '../compile/clickhouse/window-replay.ts';
import { insertWindowResults } from '../compile/clickhouse/window-table.ts';
import type { Leases } from '../leases.ts';
import type { Loader } from '../load/loader.ts';
import { patientStore } from '../load/pace.ts';
import type { Plan, WindowPlan } from '../plan/plan.ts';
import { windowStepMs } from '../plan/window-step.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { WindowReplay } from '../ports/window-versions.ts';
import { loadAgain } from '../rollups/load-again.ts';
import { type ReplayedWindow, WindowReplayer } from '../windows/window-replayer.ts';
import { WindowReplays } from '../windows/window-replays.ts';
import type { RunningWindow, WindowRunner } from '../windows/window-runner.ts';
import type { WindowTables } from '../windows/window-tables.ts';
import { database } from './database.ts';
import { newestVersion } from './newest-version.ts';
import type { ReplayHistory } from './replay-history.ts';

export interface OpenWindowReplaysOptions {
  readonly plan: Plan;
  readonly tables: WindowTables;
  readonly runner: WindowRunner;
  readonly store: Store;
  readonly events: Log;
  readonly eventLoader: Loader;
  /** The columns that a line of the log gives. */
  readonly columns: readonly string[];
  readonly history: ReplayHistory;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly eventsGoneBeforeMs: () => number;
  readonly eventsPerStep?: number;
  /** Stops what waits for the store. */
  readonly signal: AbortSignal;
  readonly reach: ReachCrashPoint;
  readonly onRetry: (what: string, error: unknown) => void;
  readonly onNews: (sentence: string) => void;
}

/** Writes the results of a version, as the runner asks for them. */
export const runningWindow = (window: WindowPlan): RunningWindow => ({
  table: window.table,
  stepMs: windowStepMs(window.span),
  insert: (range) => insertWindowResults(window, range, { database }),
});

/** Replays of the windows of a pipeline in this process. */
export function openWindowReplays(options: OpenWindowReplaysOptions): {
  readonly replays: WindowReplays;
  readonly replayer: WindowReplayer;
} {
  const { plan, tables, runner, store, history, clock, reach, onRetry, onNews } = options;
  const questions = {
    events: (
      window: WindowPlan,
      replay: WindowReplay,
      range: { readonly fromMs: number; readonly toMs: number },
    ) => windowEvents(window, range, sourceOf(window, replay)),
    eventsBy: (
      window: WindowPlan,
      replay: WindowReplay,
      range: { readonly fromMs: number; readonly toMs: number; readonly widthMs: number },
    ) => windowEventsBy(window, range, sourceOf(window, replay)),
  };
  const show = (window: WindowPlan): string => showWindowVersion(window, { database });
  const { eventsPerStep } = options;
  const replayer = new WindowReplayer({
    ...{ tables, runner, store, loader: options.eventLoader, leases: options.leases },
    statements: {
      ...questions,
      insert: (window, replay, step) =>
        insertWindowResults(
          window,
          { ...step, emittedAtMs: replay.emittedAtMs },
          { database },
          sourceOf(window, replay),
        ),
      show,
      drop: (window) => dropWindowVersion(window, { database }),
      endReplay: (window) => dropWindowHistory(window, { database }),
    },
    readAgain: (version, signal) => readAgain(version, options, signal),
    ...(eventsPerStep === undefined ? {} : { eventsPerStep }),
    ...{ reach, onRetry },
    onSwitch: ({ window: { name, version } }) =>
      onNews(`window ${name} v${version} has everything, and readers see it from now on`),
  });
  const replays = new WindowReplays({
    ...{ tables, runner, replayer, store, clock, reach, onNews, running: runningWindow },
    stored: () => storedNow(options),
    newestVersion: (name) => newestVersion(plan, name),
    historyStart: (from) => history.start({ from, ...everything }),
    eventsGoneBeforeMs: options.eventsGoneBeforeMs,
    statements: {
      ...questions,
      create: (window, from) => [
        ...createWindowVersion(window, plan, { database }),
        ...(from === 'events' ? [] : createWindowHistory(window, plan, { database })),
      ],
      show,
      resultsFromBefore: (window, beforeMs) => resultsFromBefore(window, beforeMs, { database }),
    },
  });
  return { replays, replayer };
}

const everything = { sinceMs: null, untilMs: null };

const sourceOf = (window: WindowPlan, { from, cut }: WindowReplay): WindowSource =>
  from === 'events'
    ? { table: { database, table: eventsTable }, cut }
    : { table: windowHistory(window, database) };

/** One past the newest record of the log that was taken by now, once the store has it. */
async function storedNow({
  events,
  eventLoader,
  signal,
}: Pick<OpenWindowReplaysOptions, 'events' | 'eventLoader' | 'signal'>): Promise<number> {
  await events.append([]);
  const { end } = events;
  await eventLoader.settled(end, signal);
  signal.throwIfAborted();
  return end;
}

/** Loads the log below the cut of a version again, into its history. How far it is lies beside its stage. */
async function readAgain(
  { window, replay }: ReplayedWindow,
  {
    tables,
    store,
    eventLoader,
    columns,
    history,
    clock,
    eventsPerStep,
    reach,
    onRetry,
  }: OpenWindowReplaysOptions,
  signal: AbortSignal,
): Promise<void> {
  const { table } = window;
  const log = await history.upToCut(replay, { from: replay.from, ...everything });
  const source = windowReplaySource(window, database);
  await loadAgain(
    {
      ...{ log, table, columns, clock, reach, onRetry, partition: 0, upTo: replay.cut },
      store: patientStore(store, eventLoader, signal),
      source: `${source.database}.${source.table}`,
      ...(eventsPerStep === undefined ? {} : { rowsMax: eventsPerStep }),
      progress: {
        read: async () => tables.at(table)?.replay?.loaded ?? { committed: 0, intents: [] },
        async save(loaded) {
          const now = tables.at(table);
          if (now === undefined || now.replay === null)
            throw new Error(`${table} is not replayed.`);
          const eventsDone = loaded.committed - log.start;
          await tables.save({ ...now, replay: { ...now.replay, loaded, eventsDone } });
        },
      },
      onLeftOut: (offset, reason) =>
        onRetry(`window ${table} is replayed without the event at offset ${offset}`, reason),
    },
    signal,
  );
}
