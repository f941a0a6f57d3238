import { localProgress } from '../adapters/local-progress/local-progress.ts';
import type { ClickHouseDdl, LoadedTable } from '../compile/clickhouse/ddl.ts';
import { joinedLog } from '../load/joined-log.ts';
import { Loader, type LoaderOptions } from '../load/loader.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReachCrashPoint } from '../ports/crash-points.ts';
import type { Disk } from '../ports/disk.ts';
import type { LogReader } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import type { DataFolder } from './data-folder.ts';
import { keepRefusedRow } from './keep-refused-row.ts';
import type { OpenLogs } from './open-logs.ts';

export interface OpenLoadersOptions {
  readonly folder: DataFolder;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly store: Store;
  readonly logs: OpenLogs;
  readonly tables: Pick<ClickHouseDdl, 'events' | 'deadLetters'>;
  /** Leaves out of the events what was forgotten. */
  readonly forgetful: (log: LogReader) => LogReader;
  /** How events are cut into inserts. */
  readonly inserts: Pick<LoaderOptions, 'rowsMax' | 'rowsEnough' | 'rowsEnoughBeside'>;
  readonly reach: ReachCrashPoint;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** The loaders of both logs, with what a crash left of an insert made whole. */
export async function openLoaders(
  options: OpenLoadersOptions,
): Promise<{ readonly events: Loader; readonly deadLetters: Loader }> {
  const { folder, disk, clock, store, logs, tables, onProblem } = options;
  const { archived, deadLetters } = logs;
  const events = archived ? joinedLog(archived, logs.events, () => logs.events.start) : logs.events;
  const ofTable = ({ name, insertColumns }: LoadedTable, keptAt: string, what: string) => ({
    ...{ store, clock, partition: 0, table: name, columns: insertColumns },
    progress: localProgress(keptAt, disk),
    onRetry: (error: unknown, { from, to }: { readonly from: number; readonly to: number }) =>
      onProblem(`${what} ${from} to ${to} wait for the store`, error),
  });
  const loaders = {
    events: new Loader({
      ...ofTable(tables.events, folder.eventProgress, 'events'),
      topic: 'events',
      log: options.forgetful(events),
      refuse: (row) => keepRefusedRow(row, deadLetters, clock),
      reach: options.reach,
      ...options.inserts,
    }),
    deadLetters: new Loader({
      ...ofTable(tables.deadLetters, folder.deadLetterProgress, 'dead letters'),
      topic: 'dead_letters',
      log: deadLetters,
      refuse: async ({ offset, reason }) =>
        onProblem(`dead letter ${offset} stays in its log alone`, reason),
    }),
  };
  await loaders.events.recover();
  await loaders.deadLetters.recover();
  return loaders;
}
