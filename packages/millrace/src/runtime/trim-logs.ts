import type { Archiver } from '../archive/archiver.ts';
import type { Loader } from '../load/loader.ts';
import type { Log } from '../ports/log.ts';
import type { RollupTables } from '../rollups/rollup-tables.ts';
import type { WindowTables } from '../windows/window-tables.ts';

export interface TrimLogsOptions {
  readonly events: Log;
  readonly deadLetters: Log;
  readonly eventLoader: Loader;
  readonly deadLetterLoader: Loader;
  /** Null without an archive. */
  readonly archiver: Archiver | null;
  readonly rollups: RollupTables;
  readonly windowTables: WindowTables;
}

/** Lets go of old segments that nobody has yet to read. */
export async function trimLogs(options: TrimLogsOptions): Promise<void> {
  const { events, deadLetters, eventLoader, deadLetterLoader } = options;
  const { archiver, rollups, windowTables } = options;
  // What the archive lacks, nobody has for years but the log.
  const archived = archiver === null ? eventLoader.committed : (archiver.archived ?? 0);
  const replayed = notReplayed(rollups, windowTables);
  await events.trim(Math.min(eventLoader.committed, archived, ...replayed));
  await deadLetters.trim(deadLetterLoader.committed);
}

/** Up to where replays have read the log; what is behind it they still need. */
const notReplayed = (rollups: RollupTables, windows: WindowTables): readonly number[] => [
  ...rollups
    .in('filling')
    .flatMap(({ replay }) =>
      replay === undefined || replay.from === 'events' ? [] : replay.loaded.committed,
    ),
  ...windows.in('creating', 'filling').flatMap(({ replay }) => replay?.loaded?.committed ?? []),
];
