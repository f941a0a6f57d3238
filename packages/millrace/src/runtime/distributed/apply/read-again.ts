import { setTimeout as sleep } from 'node:timers/promises';
import { eventsInsertColumns } from '../../../compile/clickhouse/events-table.ts';
import type { TableName } from '../../../compile/clickhouse/nodes.ts';
import { MillraceError } from '../../../errors.ts';
import type { LogReader } from '../../../ports/log.ts';
import type { LoadProgress } from '../../../ports/progress.ts';
import type { Store } from '../../../ports/store.ts';
import { loadAgain } from '../../../rollups/load-again.ts';
import type { ReplayedPart } from '../../replay-history.ts';
import type { Filling } from './filling.ts';
import type { History } from './history.ts';
import { insertDeadline } from './insert-deadline.ts';

/** What is away is waited for; what fails so often on end fails for good. */
const failuresMax = 20;

export type ReadingAgain = Filling & { readonly history: Pick<History, 'read'> };

/** A version into whose tables all events below its cut are loaded. */
export interface ReadVersion {
  readonly table: string;
  /** What events are inserted into so that they get into the version alone. */
  readonly source: TableName;
  readonly cut: readonly number[];
  /** How far each partition is loaded; absent before the first is. */
  readonly loaded: () => readonly LoadProgress[] | undefined;
  readonly keep: (loaded: readonly LoadProgress[]) => Promise<void>;
}

/**
 * Loads what the archive or the clean log has below a version's cut into its table,
 * partition after partition, each event once. As nothing else is brought into it
 * meanwhile, the table knows the tokens of the last ranges however long ago they were
 * inserted, and whoever goes on repeats them without harm.
 *
 * @throws StoreError that goes on; MillraceError `apply_in_progress`, `history_incomplete`,
 *   `log_trimmed`, `archive_damaged`, `archive_unavailable`.
 */
export async function readAgain(
  version: ReadVersion,
  from: Exclude<ReplayedPart['from'], 'events'>,
  work: ReadingAgain,
): Promise<void> {
  const part = { from, sinceMs: null, untilMs: null };
  for (const [partition, cut] of version.cut.entries()) {
    if (loadedOf(version, partition).committed >= cut) continue;
    await work.history.read(from, partition, async (history) =>
      readPartition(version, partition, await history.upToCut({ cut }, part), work),
    );
  }
}

async function readPartition(
  version: ReadVersion,
  partition: number,
  log: LogReader,
  work: ReadingAgain,
): Promise<void> {
  const { clock, reach, tell } = work;
  const { table, source } = version;
  const stopping = new AbortController();
  let failures = 0;
  await loadAgain(
    {
      ...{ log, table, partition, clock, reach, upTo: log.end, store: patient(work) },
      source: `${source.database}.${source.table}`,
      columns: eventsInsertColumns,
      progress: {
        read: async () => loadedOf(version, partition),
        async save(loaded) {
          await version.keep(
            version.cut.map((_, n) => (n === partition ? loaded : loadedOf(version, n))),
          );
          failures = 0;
        },
      },
      onLeftOut: (offset, reason) =>
        tell(
          `${table} is replayed without the event at offset ${offset} of partition ${partition}: ${reason}`,
        ),
      onRetry(what, error) {
        failures += 1;
        const isAway = !(error instanceof MillraceError) || error.status === 503;
        if (!isAway || failures === failuresMax) stopping.abort(error);
        else tell(`${what}: ${String(error)}`);
      },
    },
    stopping.signal,
  );
  stopping.signal.throwIfAborted();
}

/** As long as it worked, it leaves the store to others; nothing of it lands after the right to apply went. */
const patient = (work: Filling): Pick<Store, 'insert' | 'read'> => ({
  read: (sql, options) => work.store.read(sql, options),
  async insert(batch) {
    const begunMs = performance.now();
    await work.store.insert({ ...batch, deadlineMs: await insertDeadline(work) });
    await sleep(performance.now() - begunMs);
  },
});

const nothingLoaded: LoadProgress = { committed: 0, intents: [] };

const loadedOf = ({ loaded }: ReadVersion, partition: number): LoadProgress =>
  loaded()?.[partition] ?? nothingLoaded;

/** How many offsets are loaded. */
export const offsetsLoaded = (loaded: readonly LoadProgress[]): number =>
  loaded.reduce((sum, { committed }) => sum + committed, 0);
