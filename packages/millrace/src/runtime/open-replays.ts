import { createReplay, monthsOf, takeMonth } from '../compile/clickhouse/rollup-replay.ts';
import { createVersionFill, createVersionTable } from '../compile/clickhouse/rollup-versions.ts';
import type { Loader } from '../load/loader.ts';
import type { Plan } from '../plan/plan.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Store } from '../ports/store.ts';
import { eventsBelowCut } from '../rollups/fill-steps.ts';
import { Replays, type ReplaysOptions } from '../rollups/replays.ts';
import type { RollupTables } from '../rollups/rollup-tables.ts';
import { database } from './database.ts';
import { fillStatements } from './fill-statements.ts';
import { newestVersion } from './newest-version.ts';
import type { ReplayHistory } from './replay-history.ts';

export interface OpenReplaysOptions {
  readonly plan: Plan;
  readonly tables: RollupTables;
  readonly store: Store;
  readonly eventLoader: Loader;
  readonly filler: ReplaysOptions['filler'];
  readonly history: ReplayHistory;
  /** Stops what waits for a moment without an insert. */
  readonly signal: AbortSignal;
  readonly reach: ReachCrashPoint;
  readonly onNews: (sentence: string) => void;
}

/** Replays of a pipeline in this process. */
export function openReplays({
  plan,
  tables,
  store,
  eventLoader,
  filler,
  history,
  signal,
  reach,
  onNews,
}: OpenReplaysOptions): Replays {
  const statements = fillStatements(database);
  return new Replays({
    tables,
    store,
    filler,
    atCut: (work) => eventLoader.atCut(work, signal),
    newestVersion: (name) => newestVersion(plan, name),
    historyStart: history.start,
    storedEvents: (place) => eventsBelowCut(place, { store, questions: statements }),
    statements: {
      createTables: (rollup, range) => [
        ...createVersionTable(rollup, plan, { database }),
        ...createReplay(rollup, range, plan, { database }),
      ],
      createFill: (rollup) => createVersionFill(rollup, { database }),
      monthsOf: (rollup) => monthsOf(rollup, { database }),
      takeMonth: (rollup, month) => takeMonth(rollup, month, { database }),
      show: statements.show,
    },
    reach,
    onNews,
  });
}
