import { type FilledBeside, patientStore } from '../load/pace.ts';
import type { RollupPlan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { LogReader } from '../ports/log.ts';
import type { LoadProgress } from '../ports/progress.ts';
import type { RollupReplay } from '../ports/rollup-progress.ts';
import type { Store } from '../ports/store.ts';
import { loadAgain } from './load-again.ts';
import type { Place, RollupTables } from './rollup-tables.ts';

export interface ReadAgainOptions {
  readonly tables: RollupTables;
  readonly store: Store;
  /** What new events go through meanwhile, which comes first. */
  readonly loader: Pick<FilledBeside, 'lagMs'>;
  readonly clock: Clock;
  /** The log as it was at the cut of a version, of which more may be left than its own folder has. */
  readonly history: (place: Place, replay: RollupReplay) => Promise<LogReader>;
  /** What events are inserted into so that they get into a version alone, and the columns they give. */
  readonly source: (rollup: RollupPlan) => string;
  readonly columns: readonly string[];
  readonly rowsMax?: number;
  readonly reach: ReachCrashPoint;
  readonly onRetry: (what: string, error: unknown) => void;
}

/**
 * Reads the log below the cut of a version again, into that version. It is loaded
 * as events are, range by range under tokens, and how far it is lies beside the
 * stage of the version.
 *
 * Resolves once the version has all of it, or when the signal aborts.
 */
export async function readAgain(
  { rollup: { table } }: Place,
  { tables, source, history, ...options }: ReadAgainOptions,
  signal: AbortSignal,
): Promise<void> {
  const { place, replay } = replayOf(tables, table);
  const log = await history(place, replay);
  await loadAgain(
    {
      ...options,
      ...{ log, table, partition: 0, upTo: place.cut },
      store: patientStore(options.store, options.loader, signal),
      source: source(place.rollup),
      progress: {
        read: async () => replayOf(tables, table).replay.loaded,
        save: (loaded) => save(tables, table, loaded, log.start),
      },
      onLeftOut: (offset, reason) =>
        options.onRetry(
          `rollup ${table} is replayed without the event at offset ${offset}`,
          new Error(reason),
        ),
    },
    signal,
  );
}

function replayOf(
  tables: RollupTables,
  table: string,
): { readonly place: Place; readonly replay: RollupReplay } {
  const place = tables.at(table);
  if (place?.replay === undefined) throw new Error(`${table} is not replayed.`);
  return { place, replay: place.replay };
}

function save(
  tables: RollupTables,
  table: string,
  loaded: LoadProgress,
  start: number,
): Promise<void> {
  const { place, replay } = replayOf(tables, table);
  return tables.save({
    ...place,
    eventsDone: loaded.committed - start,
    replay: { ...replay, loaded },
  });
}
